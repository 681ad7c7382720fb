// What the matrix installs of each SDK: a row is an SDK, a set is one version of every SDK.
import { spawnSync } from 'node:child_process';

/**
 * @typedef {object} SdkRow
 * @property {string} name the package
 * @property {string} oldest the oldest version that is supported
 * @property {string} previous of the major before the current one, where that is supported, else an older minor
 * @property {string} current the newest version that was tested
 * @property {Readonly<Record<string, readonly [string, string]>>} [beside] by major: another package that it is used with
 */

/** @type {readonly SdkRow[]} */
const SDK_ROWS = [
  { name: 'openai', oldest: '6.0.0', previous: '6.49.0', current: '7.57.0' },
  { name: '@anthropic-ai/sdk', oldest: '0.133.0', previous: '0.137.0', current: '1.12.0' },
  { name: 'groq-sdk', oldest: '0.37.0', previous: '0.37.0', current: '1.6.0' },
  { name: 'together-ai', oldest: '0.52.0', previous: '0.52.0', current: '0.52.0' },
  { name: '@google/genai', oldest: '2.0.0', previous: '2.32.0', current: '3.1.0' },
  { name: '@aws-sdk/client-bedrock-runtime', oldest: '3.704.0', previous: '3.1100.0', current: '3.1164.0' },
  { name: '@mistralai/mistralai', oldest: '1.15.1', previous: '1.15.1', current: '2.7.0' },
  { name: 'cohere-ai', oldest: '7.21.0', previous: '7.21.0', current: '8.1.0' },
  { name: 'ollama', oldest: '0.5.0', previous: '0.5.18', current: '0.6.4' },
  {
    name: 'ai',
    oldest: '5.0.0',
    previous: '6.0.326',
    current: '7.0.173',
    beside: {
      5: ['@ai-sdk/openai', '2.0.131'],
      6: ['@ai-sdk/openai', '3.0.141'],
      7: ['@ai-sdk/openai', '4.0.118'],
    },
  },
  { name: '@langchain/core', oldest: '0.3.0', previous: '0.3.80', current: '1.4.0' },
  { name: '@modelcontextprotocol/sdk', oldest: '1.32.0', previous: '1.32.0', current: '1.32.2' },
];

/**
 * One version of every SDK; `nodes` and `lines` narrow down where it is tried.
 * @typedef {{ name: string, dependencies: Record<string, string>, nodes?: readonly string[], lines?: readonly string[] }} SdkSet
 */

/** @param {string} name @param {(row: SdkRow) => string} versionOf @returns {SdkSet} */
function sdkSet(name, versionOf) {
  const packages = SDK_ROWS.flatMap((row) => {
    const version = versionOf(row);
    const beside = row.beside?.[version.split('.')[0] ?? ''];
    return [[row.name, version], ...(beside === undefined ? [] : [beside])];
  });
  return { name, dependencies: Object.fromEntries(packages) };
}

/** The sets of a short run; only the current versions are tried on every Node version. @returns {readonly SdkSet[]} */
export const shortSets = () => [
  { ...sdkSet('sdk-oldest', ({ oldest }) => oldest), nodes: ['20'], lines: ['otel-2'] },
  { ...sdkSet('sdk-previous', ({ previous }) => previous), nodes: ['20', '24'] },
  sdkSet('sdk-current', ({ current }) => current),
];

/**
 * The sets of a full run: as many as asked for, from the oldest to the newest of what the registry has now, spread over
 * the minors of each SDK (over the patches where an SDK has few minors).
 * @param {number} count at least 2
 * @returns {readonly SdkSet[]}
 */
export function fullSets(count) {
  const published = new Map(SDK_ROWS.map((row) => [row.name, publishedVersions(row, count)]));
  return Array.from({ length: count }, (_, index) => ({
    ...sdkSet(`sdk-${String(index + 1).padStart(2, '0')}-of-${count}`, ({ name, current }) => {
      const versions = published.get(name) ?? [];
      return versions[Math.round((index * (versions.length - 1)) / (count - 1))] ?? current;
    }),
  }));
}

/** @param {SdkRow} row @param {number} count @returns {readonly string[]} what there is from the oldest on, in order */
function publishedVersions({ name, oldest }, count) {
  const { status, stdout, stderr } = spawnSync('npm', ['view', name, 'versions', '--json'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm view ${name} failed:\n${stderr}`);
  const versions = /** @type {string[]} */ (JSON.parse(stdout))
    .filter((version) => /^\d+\.\d+\.\d+$/.test(version) && isAtLeast(version, oldest))
    .toSorted((left, right) => (isAtLeast(left, right) ? 1 : -1));
  const minors = new Map(versions.map((version) => [version.replace(/\.\d+$/, ''), version]));
  return minors.size < count / 2 ? versions : [...new Set([versions[0] ?? oldest, ...minors.values()])];
}

/** @param {string} version @param {string} other e.g. `6.49.0` */
function isAtLeast(version, other) {
  const [parts, others] = [version, other].map((text) => text.split('.').map(Number));
  const first = (parts ?? []).findIndex((part, index) => part !== others?.[index]);
  return first < 0 || (parts?.[first] ?? 0) > (others?.[first] ?? 0);
}
