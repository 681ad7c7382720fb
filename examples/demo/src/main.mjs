// The demo: live traffic through the real SDKs, and what Costel says about it against what the provider charges.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { startAlertReceiver } from './alert-receiver.mjs';
import { startApp } from './app-process.mjs';
import { crossedThresholds, demoBudgets, missingAlerts } from './budget-watch.mjs';
import { compareCalls, compareWithTruth } from './comparison.mjs';
import { StackNotRunningError, costelApi } from './costel-api.mjs';
import { HELP, UsageError, parseOptions } from './options.mjs';
import { APPS } from './plan.mjs';
import { startReplayProvider } from './provider/server.mjs';
import { bad, good, print, printAlert, printComparison, quiet, roundedUsd, showProgress, strong } from './report.mjs';
import { makeTraffic, newRunId } from './traffic.mjs';

/** How long after the comparison an alert may take to arrive. */
const ALERT_PATIENCE_MS = 15_000;

/** @typedef {import('./options.mjs').DemoOptions} DemoOptions */
/** @typedef {ReturnType<typeof costelApi>} CostelApi */
/** @typedef {Awaited<ReturnType<typeof startAlertReceiver>>} AlertReceiver */

/**
 * @param {string[]} args the command line
 * @returns {Promise<number>} the exit code
 */
export async function runDemo(args) {
  try {
    const options = parseOptions(args);
    if (options.help) {
      print(HELP);
      return 0;
    }
    const api = costelApi(options.apiUrl);
    await api.waitUntilReady(30_000);
    return (await (options.compare === undefined ? liveDemo(options, api) : compareAgain(options.compare, api)))
      ? 0
      : 1;
  } catch (error) {
    return explain(error);
  }
}

/** @param {unknown} error @returns {number} the exit code */
function explain(error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\nnpm run demo -- --help names every option.\n`);
    return 2;
  }
  if (error instanceof StackNotRunningError) {
    process.stderr.write(`${error.message}\n`);
    return 3;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}

/** @param {string} file @param {CostelApi} api */
async function compareAgain(file, api) {
  const truth = /** @type {import('./truth.mjs').RunTruth} */ (JSON.parse(readFileSync(file, 'utf8')));
  print(`Run ${truth.run} of ${truth.startedAt}, seed ${truth.seed}`);
  return compare(truth, api);
}

/** @param {DemoOptions} options @param {CostelApi} api @returns {Promise<boolean>} whether everything was as it should be */
async function liveDemo(options, api) {
  const alertReceiver = await listenForAlerts(options.alertPort);
  const provider = await startReplayProvider({ seed: options.seed });
  const apps = await Promise.allSettled(
    APPS.map((app) => startApp(app, { providerUrl: provider.url, otlpEndpoint: options.otlpEndpoint })),
  );
  const running = apps.flatMap((app) => (app.status === 'fulfilled' ? [app.value] : []));
  try {
    for (const app of apps) if (app.status === 'rejected') throw app.reason;
    const run = newRunId();
    printHead(options, run, running);
    const budgetsBefore = await api.budgets();
    const traffic = await makeTraffic({
      options,
      run,
      api,
      provider,
      apps: running,
      signal: interruption(),
      onProgress: printProgress,
    });
    if (options.saveTruth !== undefined) writeFileSync(options.saveTruth, JSON.stringify(traffic.truth, null, 2));
    for (const failure of traffic.failures) print(bad(`  ${failure}`));
    const isEqual = await compare(traffic.truth, api);
    const isPrompt = judgeVisibility(traffic.visibility, options.visibilityLimitMs);
    const isAlerted = await judgeAlerts(
      api,
      { before: budgetsBefore, startedAt: traffic.truth.startedAt },
      alertReceiver,
    );
    return traffic.failures.length === 0 && isEqual && isPrompt && isAlerted;
  } finally {
    await Promise.allSettled(running.map((app) => app.stop()));
    await provider.close();
    await alertReceiver?.close();
  }
}

/** The first Ctrl-C ends the traffic and leaves the comparison; the second one ends the demo. */
function interruption() {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    print('Finishing the calls under way …');
    controller.abort();
  });
  return controller.signal;
}

/** @param {number} port @returns {Promise<AlertReceiver | undefined>} */
async function listenForAlerts(port) {
  try {
    return await startAlertReceiver({ port, onAlert: printAlert });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    print(`No alerts will be shown: port ${port} cannot be used (${reason}).`);
    return undefined;
  }
}

/** @param {DemoOptions} options @param {string} run @param {import('./app-process.mjs').AppProcess[]} apps */
function printHead(options, run, apps) {
  const traffic = options.keepGoing ? 'calls until Ctrl-C' : `${options.calls} calls in ${options.durationMs / 1000} s`;
  print(`${strong('Costel demo')}: ${traffic} through the real SDKs, answered by a replay of the providers`);
  for (const [index, app] of APPS.entries())
    print(`  ${(apps[index]?.sdkVersion ?? '').padEnd(26)}${quiet(app.style)}`);
  print(`  run ${run}, seed ${options.seed}; watch it on ${options.apiUrl}`);
  print();
}

/** @param {import('./traffic.mjs').Progress} progress */
function printProgress({ started, planned, trueUsd, visibleUsd, visibleCalls }) {
  const made = `${started}/${planned} calls, the provider charges ${roundedUsd(trueUsd)}`;
  showProgress(`  ${made}; Costel knows ${visibleCalls} calls, ${roundedUsd(visibleUsd)}`);
}

/** @param {import('./truth.mjs').RunTruth} truth @param {CostelApi} api */
async function compare(truth, api) {
  const { tables, differences } = await compareWithTruth(truth, (parameters) => api.summary(parameters));
  printComparison(tables);
  if (differences.length === 0) {
    print(good(`Costel and the provider agree to the pico-dollar on ${truth.entries.length} calls.`));
    return true;
  }
  const askSummary = (/** @type {Record<string, string>} */ parameters) => api.summary(parameters);
  printComparison([{ name: 'calls that differ', rows: await compareCalls(truth, askSummary) }]);
  print(bad(`Costel and the provider differ in ${differences.length} figures, marked above.`));
  return false;
}

/** @param {import('./visibility.mjs').VisibilityMeter} visibility @param {number} limitMs */
function judgeVisibility(visibility, limitMs) {
  const p95 = visibility.quantileMs(0.95);
  const isPrompt = p95 !== undefined && p95 <= limitMs && visibility.missing === 0;
  const shown = [0.5, 0.95, 1].map((share) => `${visibility.quantileMs(share) ?? '–'} ms`);
  const text = `From a call's end until the summary has it: p50 ${shown[0]}, p95 ${shown[1]}, most ${shown[2]}`;
  print(isPrompt ? good(`${text} (p95 may be ${limitMs} ms).`) : bad(`${text}; p95 may be ${limitMs} ms.`));
  const load = loadavg()[0] ?? 0;
  if (!isPrompt && load > cpus().length) {
    print(`This machine is busy with other things: load ${load.toFixed(1)} on ${cpus().length} processors.`);
  }
  if (visibility.missing > 0) print(bad(`${visibility.missing} calls never became visible.`));
  return isPrompt;
}

/**
 * @param {CostelApi} api
 * @param {{ before: import('./costel-api.mjs').BudgetState[], startedAt: string }} start
 * @param {AlertReceiver | undefined} receiver
 */
async function judgeAlerts(api, { before, startedAt }, receiver) {
  const after = await api.budgets();
  if (demoBudgets(after).length === 0) {
    print('No alerts to show: the stack runs without the budgets of examples/demo/costel.yaml.');
    return true;
  }
  if (!receiver) return true;
  // What an earlier run crossed can still be missing in the figures of the start.
  const firedBefore = (await api.alerts()).filter((alert) => Date.parse(alert.started_at) < Date.parse(startedAt));
  const crossed = missingAlerts(crossedThresholds(before, after), firedBefore);
  const deadlineMs = Date.now() + ALERT_PATIENCE_MS;
  while (missingAlerts(crossed, receiver.alerts).length > 0 && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const missing = missingAlerts(crossed, receiver.alerts);
  for (const { budget, threshold } of missing)
    print(bad(`The alert for ${threshold} % of "${budget}" did not arrive.`));
  if (crossed.length === 0) {
    print('This run crossed no threshold of a budget: each fires once per period, and an earlier run crossed them.');
  } else if (missing.length === 0) {
    print(good(`Each of the ${crossed.length} budget thresholds that this run crossed sent its alert.`));
  }
  return missing.length === 0;
}
