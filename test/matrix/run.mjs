// `npm run test:matrix`: installs the packed packages, as a user would, beside both OpenTelemetry lines and several versions
// of every SDK (sdk-table.mjs), and makes an instrumented answer and stream of each on each supported Node version, from
// ESM and from CommonJS. With `-- --full` it does so for the versions that the registry has, from the oldest supported one
// on, in as many sets as `--sets` says (24); each is installed anew, so that takes long. `--only sdk-oldest` runs one set.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printHelp } from '../../scripts/print-help.mjs';
import { root } from '../../scripts/setup.mjs';
import { startFakeProvider } from './fake-provider.mjs';
import { fullSets, shortSets } from './sdk-table.mjs';

printHelp(import.meta.url);

const cache = join(root, '.cache', 'matrix');
const NODE_VERSIONS = ['20', '22', '24'];
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
 * @param {(typeof LINES)[number]} line @param {import('./sdk-table.mjs').SdkSet} sdks @param {Record<string, string>} packed
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
    // Mistral's optional peer is an exporter of one OpenTelemetry minor; beside another npm refuses unless forced.
    npm(folder, ['install', '--force']);
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

/** @param {string} name @returns {string | undefined} what follows it on the command line */
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);

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
  const only = option('--only');
  const sets = process.argv.includes('--full') ? fullSets(Number(option('--sets') ?? 24)) : shortSets();
  for (const line of LINES) {
    for (const sdks of sets.filter(
      ({ name, lines }) => (only ?? name) === name && lines?.includes(line.name) !== false,
    )) {
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
      for (const major of line.nodes.filter((node) => sdks.nodes?.includes(node) !== false)) {
        for (const { way, args } of ways) {
          const run = `${line.name} ${sdks.name} node ${major} ${way}`;
          const token = createHash('sha256').update(run).digest('hex').slice(0, 12);
          const { code, output } = await runApp(nodes.get(major) ?? process.execPath, args, folder, {
            PROVIDER_URL: provider.url,
            OTEL_EXPORTER_OTLP_ENDPOINT: provider.url,
            OTEL_SERVICE_NAME: token,
          });
          const problem = provider.checkSpans(token);
          report(run, code === 0 ? problem : `exit code ${code}; ${problem ?? 'the spans are right'}\n${output}`);
        }
      }
    }
  }
} finally {
  await provider.close();
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
