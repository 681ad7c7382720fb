// `npm run test:next`: an application of Next.js, with the packed packages as a user would install them, built with webpack
// and with Turbopack, once with the SDK and Costel left to Node (`serverExternalPackages`) and once with both bundled, and
// then started and called: each route answers as it would, and each call arrives as one span with usage and cost.
// `-- --only turbopack` builds with one of the two.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printHelp } from '../../scripts/print-help.mjs';
import { root, setup } from '../../scripts/setup.mjs';
import { startFakeProvider } from '../matrix/fake-provider.mjs';
import { freePort } from '../support/free-port.mjs';

printHelp(import.meta.url);

const source = join(root, 'test', 'next');
const folder = join(root, '.cache', 'next');
const nextCli = join(folder, 'node_modules', 'next', 'dist', 'bin', 'next');
const SOURCES = ['app', 'instrumentation.js', 'next.config.mjs', 'package.json', 'package-lock.json', '.npmrc'];
const PACKAGES = ['semconv', 'pricing', 'instrumentation', 'node'];
/** What arrives is exported at the latest after this long, in ms. */
const EXPORT_INTERVAL_MS = 300;
/** How long anything may take that is waited for, in ms, on a busy machine. */
const PATIENCE_MS = 120_000;
const PRELOAD = '--import @costel/node/register';

/** What each call must cost: 1,000 tokens in and 100 out at list price. */
const COSTS_USD = { external: '0.00021', native: '0.0015', module: '0.000669', wrapped: '0.000968' };
const METRICS = ['gen_ai.client.token.usage', 'gen_ai.client.operation.duration', 'costel.cost'];

/** @param {string} cwd @param {string[]} args */
function npm(cwd, args) {
  const { status, stdout, stderr } = spawnSync('npm', [...args, '--loglevel=error'], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} in ${cwd} failed:\n${stdout}${stderr}`);
}

/** Installs what the lockfile says, unless that was done, and the packages of this work tree as they are published. */
function install() {
  mkdirSync(folder, { recursive: true });
  for (const name of ['app', '.next']) rmSync(join(folder, name), { recursive: true, force: true });
  for (const name of SOURCES) cpSync(join(source, name), join(folder, name), { recursive: true });
  const wanted = createHash('sha256')
    .update(readFileSync(join(source, 'package-lock.json')))
    .digest('hex');
  const stamp = join(folder, 'node_modules', '.installed');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    process.stdout.write('Installing Next.js (about 350 MB, half a minute) …\n');
    npm(folder, ['install', '--no-save', '--no-audit', '--no-fund']);
    writeFileSync(stamp, wanted);
  }
  const packed = join(folder, 'packed');
  for (const name of PACKAGES) {
    rmSync(packed, { recursive: true, force: true });
    mkdirSync(packed);
    npm(join(root, 'packages', name), ['pack', '--pack-destination', packed]);
    const installed = join(folder, 'node_modules', '@costel', name);
    rmSync(installed, { recursive: true, force: true });
    mkdirSync(installed, { recursive: true });
    const tar = spawnSync('tar', ['-xzf', join(packed, `costel-${name}-0.1.0.tgz`), '--strip-components=1'], {
      cwd: installed,
      encoding: 'utf8',
    });
    if (tar.status !== 0) throw new Error(`unpacking ${name} failed:\n${tar.stderr}`);
  }
}

let passed = 0;
let failed = 0;

/** @param {string} title @param {string | undefined} problem */
function report(title, problem) {
  if (problem === undefined) passed += 1;
  else failed += 1;
  process.stdout.write(`${problem === undefined ? 'ok    ' : 'FAILED'} ${title}\n${problem ?? ''}`);
}

/**
 * Asks until there is an answer.
 * @template Answer
 * @param {() => Answer | undefined | Promise<Answer | undefined>} ask @param {string} what
 * @returns {Promise<Answer>}
 */
async function waitFor(ask, what) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what} within ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Runs Next's own command.
 * @param {string[]} args @param {Record<string, string>} env
 */
function next(args, env) {
  const child = spawn(process.execPath, [nextCli, ...args], {
    cwd: folder,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  /** @type {Promise<number | string | null>} */
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)));
  return { child, ended, output: () => output };
}

const provider = await startFakeProvider();

/** @param {string} path @param {string} service */
const callsOf = (path, service) =>
  provider
    .spansOf(service)
    .filter(({ attributes }) => attributes['costel.feature'] === path && 'costel.cost.usd' in attributes);

/**
 * What is wrong with the calls of a route: so many, each reported, at the right price, and inside a span of Next's own.
 * @param {keyof typeof COSTS_USD} path @param {string} service @param {number} count
 */
function problemOf(path, service, count) {
  const calls = callsOf(path, service);
  const ids = new Set(provider.spansOf(service).flatMap(({ scope, spanId }) => (scope === 'next.js' ? [spanId] : [])));
  const isRight = calls.every(
    ({ attributes, parentSpanId }) =>
      attributes['costel.cost.usd'] === COSTS_USD[path] &&
      attributes['costel.usage.quality'] === 'reported' &&
      attributes['gen_ai.usage.input_tokens'] === 1000 &&
      ids.has(parentSpanId),
  );
  return isRight && calls.length === count
    ? undefined
    : `wanted ${count} of $${COSTS_USD[path]} below a span of Next.js, got ${JSON.stringify(calls, undefined, 2)}\n`;
}

/** @param {string} url @param {RegExp} wanted */
async function problemOfAnswer(url, wanted) {
  const response = await fetch(url);
  const text = await response.text();
  return response.status === 200 && wanted.test(text) ? undefined : `${response.status} ${text}\n`;
}

/**
 * Starts the built application, calls every route, ends it, and looks at what arrived.
 * @param {string} title @param {Record<string, string>} env
 */
async function serve(title, env) {
  const service = createHash('sha256').update(title).digest('hex').slice(0, 12);
  const port = await freePort();
  const server = next(['start', '--hostname', '127.0.0.1', '--port', String(port)], {
    ...env,
    PROVIDER_URL: provider.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: provider.url,
    OTEL_SERVICE_NAME: service,
    OTEL_METRIC_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
    // Next.js ends at a signal without waiting for anybody; so told, it leaves the end to `register()`.
    NEXT_MANUAL_SIG_HANDLE: 'true',
  });
  try {
    await waitFor(() => (/Ready in/.test(server.output()) ? true : undefined), `${title} is not ready`);
    const url = `http://127.0.0.1:${port}`;
    const paths = /** @type {(keyof typeof COSTS_USD)[]} */ (Object.keys(COSTS_USD));
    for (const path of paths) {
      report(`${title}: /${path} answers`, await problemOfAnswer(`${url}/${path}`, /^\{"text":"Hello\."\}$/));
    }
    const pieces = await problemOfAnswer(`${url}/external?stream`, /"content":"Hello\."/);
    report(`${title}: /external answers in pieces`, pieces);
    await waitFor(
      () => (METRICS.every((name) => provider.metricsOf(service).includes(name)) ? true : undefined),
      `${title} has not sent its metrics`,
    );
    // What was called last has not been sent yet.
    report(
      `${title}: /external answers right before the end`,
      await problemOfAnswer(`${url}/external`, /^\{"text":"Hello\."\}$/),
    );
    server.child.kill('SIGTERM');
    const end = await server.ended;
    report(`${title}: ends by the signal it was sent`, end === 'SIGTERM' ? undefined : `ended with ${end}\n`);
    for (const path of paths) {
      report(`${title}: each call of /${path} is one span`, problemOf(path, service, path === 'external' ? 3 : 1));
    }
  } catch (error) {
    report(title, `${error instanceof Error ? error.stack : String(error)}\n${server.output()}\n`);
  } finally {
    server.child.kill('SIGKILL');
    await server.ended;
  }
}

await setup();
install();
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
try {
  for (const bundler of ['webpack', 'turbopack'].filter((name) => only === undefined || name === only)) {
    for (const way of ['external', 'bundled']) {
      const env = {
        COSTEL_NEXT_DIRECTORY: `.next/${bundler}-${way}`,
        COSTEL_NEXT_BUNDLED: String(way === 'bundled'),
        // Turbopack has Node load packages under names of its own (`openai-f0ed28f090f94724`), which no hook knows.
        COSTEL_HAND_OVER: String(way === 'bundled' || bundler === 'turbopack'),
      };
      const started = Date.now();
      const build = next(['build', `--${bundler}`], env);
      const code = await build.ended;
      const title = `Next.js, ${bundler}, ${way}`;
      // What an SDK lacks (Together's wants an optional parser) is between it and the bundler.
      const complaint = /node_modules\/@costel|@opentelemetry|in-the-middle/.test(build.output());
      report(
        `${title}: is built without a complaint about Costel (${((Date.now() - started) / 1000).toFixed(0)} s)`,
        code === 0 && !complaint ? undefined : `exit code ${code}\n${build.output()}\n`,
      );
      if (code !== 0) continue;
      await serve(`${title}, instrumentation.js`, env);
      if (way === 'external') {
        await serve(`${title}, --import`, { ...env, NODE_OPTIONS: PRELOAD, COSTEL_SET_UP: 'import' });
      }
    }
  }
} finally {
  await provider.close();
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
