// Runs one example app in a process of its own and sends calls to it.
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const sourceFolder = dirname(fileURLToPath(import.meta.url));

/** How long an app may take to load, and to hand its last spans over. */
const PATIENCE_MS = 30_000;

/**
 * @typedef {object} AppProcess
 * @property {string} name
 * @property {string} sdkVersion
 * @property {(call: import('./plan.mjs').Call, tags: Record<string, string>) => Promise<import('./apps/serve-calls.mjs').CallReport>} perform
 * @property {() => Promise<void>} stop ends the app; rejects when it did not end by itself
 */

/**
 * @param {import('./plan.mjs').App} app
 * @param {{ providerUrl: string, otlpEndpoint: string }} options
 * @returns {Promise<AppProcess>} once the app has loaded its SDK
 */
export async function startApp(app, { providerUrl, otlpEndpoint }) {
  const child = fork(resolve(sourceFolder, 'apps', app.file), {
    cwd: dirname(sourceFolder),
    execArgv: [...app.nodeArguments],
    env: {
      ...process.env,
      DEMO_PROVIDER_URL: providerUrl,
      DEMO_OTLP_ENDPOINT: otlpEndpoint,
      OTEL_SERVICE_NAME: 'shop',
      OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint,
      OTEL_RESOURCE_ATTRIBUTES: `deployment.environment.name=${app.environment}`,
    },
  });
  /** @type {Map<string, (report: import('./apps/serve-calls.mjs').CallReport) => void>} */
  const waiting = new Map();
  const exited = new Promise((resolveExit) => {
    child.on('exit', (code, signal) => resolveExit(signal ?? code));
  });
  const ended = exited.then((how) => {
    for (const [id, answer] of waiting)
      answer({ id, endedAtMs: Date.now(), error: `${app.name} ended (${String(how)})` });
    return how;
  });
  await within(PATIENCE_MS, `${app.name} to start`, (resolveReady, reject) => {
    child.on('message', (/** @type {'ready' | import('./apps/serve-calls.mjs').CallReport} */ message) => {
      if (message === 'ready') return resolveReady(undefined);
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    });
    void ended.then((how) =>
      reject(new Error(`${app.name} ended before it was ready (${String(how)}); its output is above`)),
    );
  });
  return {
    name: app.name,
    sdkVersion: `${app.sdk} ${sdkVersion(app)}`,
    perform: (call, tags) =>
      new Promise((resolveCall) => {
        waiting.set(call.id, resolveCall);
        const { id, model, feature, user, customer, team, scenario } = call;
        child.send({ id, scenario: scenario.name, model, feature, user, customer, team, tags });
      }),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.send('stop');
      try {
        const how = await within(PATIENCE_MS, `${app.name} to end`, (resolveExit) => void ended.then(resolveExit));
        if (how !== 0) throw new Error(`${app.name} ended with ${String(how)}; its output is above`);
      } finally {
        child.kill('SIGKILL');
      }
    },
  };
}

/** @param {import('./plan.mjs').App} app */
function sdkVersion(app) {
  const load = createRequire(resolve(sourceFolder, '../../../test/sdks', app.name, 'package.json'));
  return /** @type {{ VERSION: string }} */ (load(`${app.sdk}/version`)).VERSION;
}

/**
 * @template T
 * @param {number} patienceMs
 * @param {string} what
 * @param {(resolve: (value: T) => void, reject: (error: Error) => void) => void} start
 * @returns {Promise<T>}
 */
function within(patienceMs, what, start) {
  return new Promise((resolveInTime, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${patienceMs / 1000} s for ${what}`)), patienceMs);
    start(
      (value) => {
        clearTimeout(timer);
        resolveInTime(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
