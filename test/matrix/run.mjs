// `npm run test:matrix`: installs the packed packages, as a user would, beside both OpenTelemetry lines and two majors of
// each SDK, and makes one instrumented call on each supported Node version, from ESM and from CommonJS. With `-- --full`
// it does so for many versions of each SDK, from the oldest supported one on; each is installed anew, so that takes long.
// `--only sdk-oldest` runs one set.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/setup.mjs';
import { startFakeProvider } from './fake-provider.mjs';

const cache = join(root, '.cache', 'matrix');
const NODE_VERSIONS = ['20', '22', '24'];
/** @param {string} name @param {string} openai @param {string} anthropic @param {string} groq @param {string} together */
const sdkSet = (name, openai, anthropic, groq, together) => ({
  name,
  dependencies: { openai, '@anthropic-ai/sdk': anthropic, 'groq-sdk': groq, 'together-ai': together },
});
const isFull = process.argv.includes('--full');
const SDK_SETS = [
  sdkSet('sdk-previous', '6.49.0', '0.137.0', '0.37.0', '0.52.0'),
  sdkSet('sdk-current', '7.57.0', '1.12.0', '1.6.0', '0.52.0'),
  ...(isFull
    ? [
        // The oldest that are supported, the first with spans of its own (Anthropic), with its own `_thenUnwrap` (openai).
        sdkSet('sdk-oldest', '6.0.0', '0.133.0', '0.37.0', '0.52.0'),
        sdkSet('sdk-spans', '6.20.0', '0.134.0', '1.2.1', '0.52.0'),
        sdkSet('sdk-majors', '7.0.0', '1.0.0', '1.5.0', '0.52.0'),
        sdkSet('sdk-unwrap', '7.5.0', '1.5.0', '1.5.0', '0.52.0'),
        sdkSet('sdk-middle', '7.30.1', '1.11.0', '1.6.0', '0.52.0'),
      ]
    : []),
];
const LINES = [
  { name: 'otel-2', nodes: ['20', '22', '24'], api: '1.9.1', sdk: '0.223.0', distribution: true },
  { name: 'otel-3', nodes: ['22', '24'], api: '1.10.0', sdk: '0.301.0', distribution: false },
];

/** @param {string} folder @param {string[]} args */
function npm(folder, args) {
  const result = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (result.status !== 0)
    throw new Error(`npm ${args.join(' ')} in ${folder} failed:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** Packs the published packages; what is tested is what a user would install. @returns {Record<string, string>} */
function packPackages() {
  const folder = join(cache, 'packed');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['semconv', 'pricing', 'instrumentation', 'node']) {
    npm(join(root, 'packages', name), ['pack', '--pack-destination', folder]);
  }
  return Object.fromEntries(
    readdirSync(folder).map((file) => [
      `@costel/${file.replace(/^costel-(.+?)-\d.*$/, '$1')}`,
      `file:${join(folder, file)}`,
    ]),
  );
}

/**
 * Installs one combination; kept while its package.json and the packed files stay the same.
 * @param {(typeof LINES)[number]} line @param {(typeof SDK_SETS)[number]} sdks @param {Record<string, string>} packed
 */
function installCombination(line, sdks, packed) {
  const folder = join(cache, `${line.name}-${sdks.name}`);
  const { '@costel/node': distribution = '', ...parts } = packed;
  const manifest = JSON.stringify(
    {
      private: true,
      dependencies: {
        ...parts,
        ...(line.distribution ? { '@costel/node': distribution } : {}),
        '@opentelemetry/api': line.api,
        '@opentelemetry/sdk-node': line.sdk,
        ...sdks.dependencies,
      },
      // The packages depend on each other by version; none of them is on a registry yet.
      overrides: packed,
    },
    undefined,
    2,
  );
  const hash = createHash('sha256').update(manifest);
  for (const file of Object.values(packed)) hash.update(readFileSync(file.slice('file:'.length)));
  const digest = hash.digest('hex');
  const stamp = join(folder, '.installed');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), manifest);
    npm(folder, ['install']);
    writeFileSync(stamp, digest);
  }
  for (const app of readdirSync(join(root, 'test', 'matrix', 'apps'))) {
    cpSync(join(root, 'test', 'matrix', 'apps', app), join(folder, app));
  }
  return folder;
}

/** Node binaries of each major, from npm. @returns {Map<string, string>} */
function installNodes() {
  const own = process.versions.node.split('.')[0] ?? '';
  const folder = join(cache, 'nodes');
  const wanted = NODE_VERSIONS.filter((major) => major !== own);
  if (!wanted.every((major) => existsSync(join(folder, 'node_modules', `node${major}`, 'bin', 'node')))) {
    mkdirSync(folder, { recursive: true });
    const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
    const dependencies = Object.fromEntries(wanted.map((major) => [`node${major}`, `npm:node-${platform}@${major}`]));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
    npm(folder, ['install']);
  }
  return new Map(
    NODE_VERSIONS.map((major) => [
      major,
      major === own ? process.execPath : join(folder, 'node_modules', `node${major}`, 'bin', 'node'),
    ]),
  );
}

/**
 * Runs one app; it prints `{ spans, problems }` as its last line.
 * @param {string} node @param {string[]} args @param {string} folder @param {Record<string, string>} env
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function runApp(node, args, folder, env) {
  return new Promise((resolve) => {
    const child = spawn(node, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({ code, output }));
  });
}

const provider = await startFakeProvider();
let passed = 0;
let failed = 0;

/** @param {string} title @param {string | undefined} problem */
function report(title, problem) {
  if (problem === undefined) passed += 1;
  else failed += 1;
  process.stdout.write(
    `${problem === undefined ? 'ok    ' : 'FAILED'} ${title}${problem === undefined ? '' : `\n${problem}`}\n`,
  );
}

try {
  const packed = packPackages();
  const nodes = installNodes();
  const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
  for (const line of LINES) {
    for (const sdks of SDK_SETS.filter(({ name }) => only === undefined || name === only)) {
      const folder = installCombination(line, sdks, packed);
      const ways = [
        { way: 'ESM, own NodeSDK', args: ['--import', './own-sdk-setup.mjs', './app.mjs'] },
        { way: 'CommonJS, own NodeSDK', args: ['--require', './own-sdk-setup.cjs', './app.cjs'] },
        ...(line.distribution
          ? [
              { way: 'ESM, --import @costel/node/register', args: ['--import', '@costel/node/register', './app.mjs'] },
              {
                way: 'CommonJS, --import @costel/node/register',
                args: ['--import', '@costel/node/register', './app.cjs'],
              },
            ]
          : []),
      ];
      for (const major of line.nodes) {
        for (const { way, args } of ways) {
          const run = `${line.name} ${sdks.name} node ${major} ${way}`;
          const token = createHash('sha256').update(run).digest('hex').slice(0, 12);
          const { code, output } = await runApp(nodes.get(major) ?? process.execPath, args, folder, {
            PROVIDER_URL: provider.url,
            OTEL_EXPORTER_OTLP_ENDPOINT: provider.url,
            OTEL_SERVICE_NAME: token,
          });
          report(run, code === 0 ? provider.checkSpans(token) : `exit code ${code}\n${output}`);
        }
      }
    }
  }
} finally {
  await provider.close();
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
