// Makes the planned calls at their times, and measures meanwhile when they become visible.
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { planCalls } from './plan.mjs';
import { formatUsd, parseUsd } from './true-cost.mjs';
import { runFilter } from './comparison.mjs';
import { VisibilityMeter, watchVisibility } from './visibility.mjs';

/** How long after the last call its cost may take to arrive. */
const ARRIVAL_PATIENCE_MS = 15_000;

/**
 * @typedef {object} Traffic
 * @property {import('./truth.mjs').RunTruth} truth
 * @property {string[]} failures calls that went otherwise than planned
 * @property {VisibilityMeter} visibility
 */

/**
 * @typedef {object} Progress
 * @property {number} started
 * @property {number} planned
 * @property {string} trueUsd what the provider has charged so far, estimated calls included
 * @property {string} visibleUsd what Costel's summary says
 * @property {number} visibleCalls
 */

/**
 * @typedef {object} TrafficOptions
 * @property {import('./options.mjs').DemoOptions} options
 * @property {string} run
 * @property {ReturnType<typeof import('./costel-api.mjs').costelApi>} api
 * @property {import('./provider/server.mjs').ReplayProvider} provider
 * @property {import('./app-process.mjs').AppProcess[]} apps
 * @property {AbortSignal} signal ends the traffic early; calls under way are finished
 * @property {(progress: Progress) => void} onProgress
 */

/**
 * @param {TrafficOptions} traffic
 * @returns {Promise<Traffic>} once every call has ended and the summary has them all, or has had its time
 */
export async function makeTraffic({ options, run, api, provider, apps, signal, onProgress }) {
  const startedAt = new Date().toISOString();
  const visibility = new VisibilityMeter();
  /** @type {string[]} */
  const failures = [];
  const progress = { started: 0, planned: 0, trueUsd: '0', visibleUsd: '0', visibleCalls: 0 };

  let spent = 0n;
  let counted = 0;
  const filter = runFilter({ run, seed: options.seed, startedAt, endedAt: startedAt, entries: [] });
  const watch = watchVisibility(
    () => api.summary({ ...filter, to: dayAfterTomorrow(startedAt), group_by: 'tag.demo_app' }),
    visibility,
    ({ total }) => {
      for (const entry of provider.entries.slice(counted)) spent += parseUsd(entry.costUsd ?? '0');
      counted = provider.entries.length;
      Object.assign(progress, { trueUsd: formatUsd(spent), visibleUsd: total.cost_usd, visibleCalls: total.calls });
      onProgress(progress);
    },
  );

  /** @param {import('./plan.mjs').Call} call */
  const perform = async (call) => {
    provider.expect(call);
    progress.started += 1;
    const tags = { demo_run: run, demo_truth: call.scenario.truth, demo_app: call.app, demo_call: call.id };
    const report = await apps.find((app) => app.name === call.app)?.perform(call, tags);
    if (!report) throw new Error(`there is no app ${call.app}`);
    if (report.error === undefined) visibility.ended(call.app, report.endedAtMs);
    else failures.push(`${call.id} (${call.scenario.name} in ${call.app}): ${report.error}`);
  };

  /** @type {Promise<void>[]} */
  const calls = [];
  do {
    const planned = planCalls({
      ...options,
      seed: `${options.seed}/${progress.planned}`,
      firstNumber: progress.planned + 1,
    });
    progress.planned += planned.length;
    const roundStartedMs = Date.now();
    for (const call of planned) {
      await pause(roundStartedMs + call.atMs - Date.now(), signal);
      if (signal.aborted) break;
      calls.push(perform(call));
    }
  } while (options.keepGoing && !signal.aborted);
  await Promise.all(calls);
  const deadlineMs = Date.now() + ARRIVAL_PATIENCE_MS;
  while (visibility.missing > 0 && Date.now() < deadlineMs) await pause(100);
  await watch.stop();
  await Promise.all(apps.map((app) => app.stop()));
  failures.push(...provider.surprises.map((surprise) => `the provider got a request that nobody planned: ${surprise}`));
  const truth = { run, seed: options.seed, startedAt, endedAt: new Date().toISOString(), entries: provider.entries };
  return { truth, failures, visibility };
}

/** A name for a run, to find its calls again. */
export function newRunId() {
  return randomUUID().slice(0, 8);
}

/** @param {string} instant ISO 8601 */
function dayAfterTomorrow(instant) {
  return new Date(Math.floor(Date.parse(instant) / 86_400_000) * 86_400_000 + 2 * 86_400_000).toISOString();
}

/** @param {number} milliseconds @param {AbortSignal} [signal] ends the pause early */
async function pause(milliseconds, signal) {
  if (milliseconds <= 0 || signal?.aborted) return;
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
