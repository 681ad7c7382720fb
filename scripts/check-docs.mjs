// Holds the documents to the tree: links and paths lead somewhere, npm scripts and Costel's commands and flags exist,
// configurations are valid, every attribute and metric is explained, and no document names one that the code has not;
// tables and columns that it names are in the schema, packages import what ARCHITECTURE.md lets them, and what they
// export has a docstring.
// Prints each broken promise as FILE:LINE: what; the exit code is 1 if there is any.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseConfig } from '../packages/aggregator/dist/index.js';
import { runCli } from '../packages/cli/dist/index.js';
import * as semconv from '../packages/semconv/dist/index.js';
import { root } from './setup.mjs';
import { findUndocumentedExports } from './undocumented-exports.mjs';

/** @typedef {{ file: string, line: number, what: string }} Broken */
/** @typedef {{ path: string, text: string, lines: readonly string[] }} Document */

const tracked = spawnSync('git', ['ls-files', '-z', '*.md'], { cwd: root, encoding: 'utf8' }).stdout;
/** @type {Document[]} */
const documents = tracked
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)))
  .map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return { path, text, lines: text.split('\n') };
  });

/** @param {RegExp} pattern @returns {{ file: string, line: number, match: RegExpMatchArray }[]} every match, by place */
function findAll(pattern) {
  return documents.flatMap(({ path, lines }) =>
    lines.flatMap((text, index) =>
      [...text.matchAll(pattern)].map((match) => ({ file: path, line: index + 1, match })),
    ),
  );
}

/** The anchor that a heading gets on GitHub, e.g. `Where things are` becomes `where-things-are`. @param {string} heading */
function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

/** @returns {Broken[]} */
function checkLinks() {
  return findAll(/\]\(([^)\s]+)\)/g).flatMap(({ file, line, match }) => {
    const link = match[1] ?? '';
    if (/^[a-z]+:/.test(link)) return [];
    const [path = '', anchor] = link.split('#');
    const target = normalize(path === '' ? file : join(dirname(file), path));
    if (!existsSync(join(root, target))) return [{ file, line, what: `the link ${link} leads nowhere` }];
    if (anchor === undefined || !statSync(join(root, target)).isFile()) return [];
    const headings = readFileSync(join(root, target), 'utf8').match(/^#+ .*$/gm) ?? [];
    const isThere = headings.some((heading) => anchorOf(heading.replace(/^#+ /, '')) === anchor);
    return isThere ? [] : [{ file, line, what: `${target} has no heading ${anchor}` }];
  });
}

const TOP_FOLDERS = /^(?:packages|docs|test|scripts|benchmarks|collector|dashboards|deploy|examples)\//;

/** Paths in code type, from the root or from the document's own folder. @returns {Broken[]} */
function checkPaths() {
  return findAll(/`([\w.@-]+(?:\/[\w.@-]+)+\/?)`/g).flatMap(({ file, line, match }) => {
    const path = match[1] ?? '';
    if (!TOP_FOLDERS.test(path) || path.includes('NNNN')) return [];
    const isThere = [root, join(root, dirname(file))].some((base) => existsSync(join(base, path)));
    return isThere ? [] : [{ file, line, what: `there is no ${path}` }];
  });
}

/** @returns {Broken[]} */
function checkScripts() {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return findAll(/\bnpm run ([\w:-]+)/g)
    .filter(({ match }) => !Object.hasOwn(scripts, match[1] ?? ''))
    .map(({ file, line, match }) => ({ file, line, what: `package.json has no script ${match[1]}` }));
}

/** What `costel WORDS --help` prints, or undefined where there is no such command. @param {readonly string[]} words */
async function helpOf(words) {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  let text = '';
  stdout.write = (chunk) => Boolean((text += String(chunk)));
  try {
    await runCli([...words, '--help']);
  } finally {
    stdout.write = write;
  }
  return text.startsWith(`Usage: costel ${words.join(' ')}`) ? text : undefined;
}

/** Commands in code type or in code blocks, with their flags. @returns {Promise<Broken[]>} */
async function checkCommands() {
  /** @type {Broken[]} */
  const broken = [];
  for (const { file, line, match } of findAll(/(?:`|^|\bnpx )costel ([a-z][^`|#"]*)/g)) {
    const words = (match[1] ?? '').split(/\s+/);
    const [command = '', next = ''] = words;
    const help = await helpOf([command]);
    const isParent = help?.includes('Commands:') === true && /^[a-z]+$/.test(next);
    const found = isParent ? await helpOf([command, next]) : help;
    const name = isParent ? `${command} ${next}` : command;
    if (found === undefined) broken.push({ file, line, what: `there is no command "costel ${name}"` });
    for (const [flag] of (match[1] ?? '').matchAll(/--[a-z][a-z-]*/g))
      if (found !== undefined && !found.includes(flag))
        broken.push({ file, line, what: `"costel ${name}" has no flag ${flag}` });
  }
  return broken;
}

const CONFIG_KEY = /^(?:server|tenant|budgets|channels|retention|prices):/m;

/** YAML blocks that are a configuration, and the configurations in the tree. @returns {Broken[]} */
function checkConfigurations() {
  const blocks = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map((match) => ({
      file: path,
      line: text.slice(0, match.index).split('\n').length,
      yaml: match[1] ?? '',
    })),
  );
  const files = spawnSync('git', ['ls-files', '-z', '*costel.yaml'], { cwd: root, encoding: 'utf8' }).stdout.split(
    '\0',
  );
  const whole = files
    .filter((path) => path !== '' && !path.includes('testdata'))
    .map((file) => ({ file, line: 1, yaml: readFileSync(join(root, file), 'utf8') }));
  return [...blocks, ...whole]
    .filter(({ yaml }) => CONFIG_KEY.test(yaml) && !/^(?:receivers|services|groups|spend):/m.test(yaml))
    .flatMap(({ file, line, yaml }) => {
      const env = Object.fromEntries(
        [...yaml.matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => [name, 'https://a.example/']),
      );
      try {
        parseConfig(yaml, 'costel.yaml', { env });
        return [];
      } catch (error) {
        return [
          { file, line, what: `not a valid configuration: ${error instanceof Error ? error.message : String(error)}` },
        ];
      }
    });
}

/** Every attribute of ours is in ARCHITECTURE.md or a package's README, every metric in a README. @returns {Broken[]} */
function checkNames() {
  const all = documents.map(({ text }) => text).join('\n');
  return Object.entries(semconv).flatMap(([constant, name]) => {
    if (!/^(?:ATTR|METRIC)_COSTEL/.test(constant) || typeof name !== 'string') return [];
    const short = `\`.${name.split('.').at(-1)}\``;
    const isExplained = all.includes(name) || (name.startsWith('costel.fallback.') && all.includes(short));
    return isExplained ? [] : [{ file: 'ARCHITECTURE.md', line: 1, what: `no document explains ${name}` }];
  });
}

/** Names `costel.…` in the attribute table that the code does not have. @returns {Broken[]} */
function checkAttributeTable() {
  const known = Object.values(semconv).filter((name) => typeof name === 'string');
  return findAll(/`(costel\.[a-z_]+(?:\.[a-z_]+)*)/g)
    .filter(({ file }) => file === 'ARCHITECTURE.md')
    .filter(
      ({ match }) =>
        !known.some((name) => match[1] === name || (name.endsWith('.') && match[1]?.startsWith(name.slice(0, -1)))),
    )
    .filter(({ match }) => !['costel.yaml', 'costel.tenant'].includes(match[1] ?? ''))
    .map(({ file, line, match }) => ({ file, line, what: `the code has no attribute ${match[1]}` }));
}

/** Tables and columns of the ledger that documents name in code type. @returns {Broken[]} */
function checkTables() {
  const folder = join(root, 'packages', 'store', 'sql', 'migrations');
  const schema = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const tables = findAll(/`((?:llm|otel)_[a-z0-9_]*[a-z0-9])`/g).map((found) => ({
    ...found,
    name: found.match[1] ?? '',
  }));
  const columns = findAll(/^Ledger columns: `([a-z_]+(?:, [a-z_]+)*),/g).flatMap((found) =>
    (found.match[1] ?? '').split(', ').map((name) => ({ ...found, name })),
  );
  return [...tables, ...columns]
    .filter(({ name }) => !new RegExp(`\\b${name}(?:\\b|_)`).test(schema))
    .map(({ file, line, name }) => ({ file, line, what: `the schema has no ${name}` }));
}

/** Dependencies of packages on each other that the table of ARCHITECTURE.md does not let them have. @returns {Broken[]} */
function checkImports() {
  const names = readdirSync(join(root, 'packages'));
  return findAll(/^\| ((?:`[a-z]+`(?:, )?)+) \| ESM[^|]*\| ([^|]*) \|$/g).flatMap(({ file, line, match }) =>
    [...(match[1] ?? '').matchAll(/[a-z]+/g)].flatMap(([name]) => {
      const cell = match[2] ?? '';
      const except = [...(cell.split('all but')[1] ?? '').matchAll(/`([a-z]+)`/g)].map(([, other]) => other);
      const allowed = cell.startsWith('all')
        ? names.filter((other) => !except.includes(other))
        : [...cell.matchAll(/`([a-z]+)`/g)].map(([, other]) => other);
      const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
      return Object.keys(dependencies)
        .filter((other) => other.startsWith('@costel/') && !allowed.includes(other.slice('@costel/'.length)))
        .map((other) => ({ file, line, what: `${name} depends on ${other}, which is not said here` }));
    }),
  );
}

const broken = [
  ...checkLinks(),
  ...checkPaths(),
  ...checkScripts(),
  ...(await checkCommands()),
  ...checkConfigurations(),
  ...checkNames(),
  ...checkAttributeTable(),
  ...checkTables(),
  ...checkImports(),
  ...findUndocumentedExports(),
];
for (const { file, line, what } of broken) process.stdout.write(`${file}:${line}: ${what}\n`);
process.exit(broken.length === 0 ? 0 : 1);
