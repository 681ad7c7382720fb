// The provider's books: what it served to whom, and what it charges for it.
import { formatUsd, inputTokens, parseUsd, trueCostPicoUsd } from './true-cost.mjs';

/**
 * One line of the books. Plain JSON, so that a run's truth can be kept in a file and compared again later.
 * @typedef {object} TruthEntry
 * @property {string} call
 * @property {string} app
 * @property {string} scenario
 * @property {import('./scenarios.mjs').Truth} truth
 * @property {string} provider
 * @property {string} model the one that answered; the one asked for where nobody answered
 * @property {string} feature
 * @property {string} user
 * @property {string} customer
 * @property {string} team
 * @property {string} environment
 * @property {number} inputTokens cached included
 * @property {number} outputTokens reasoning included
 * @property {string | null} costUsd what the provider charges, exact; null when it has no price for the model
 */

/**
 * The truth of one run.
 * @typedef {object} RunTruth
 * @property {string} run
 * @property {string} seed
 * @property {string} startedAt ISO 8601
 * @property {string} endedAt ISO 8601
 * @property {TruthEntry[]} entries
 */

/**
 * What the provider served for a call.
 * @typedef {object} Served
 * @property {string} model
 * @property {import('./true-cost.mjs').Tier} tier
 * @property {import('./true-cost.mjs').Units} units
 */

/**
 * @param {import('./plan.mjs').Call} call
 * @param {Served} served
 * @returns {TruthEntry}
 */
export function truthEntry(call, served) {
  const { truth, provider, name } = call.scenario;
  const cost = truth === 'free' ? 0n : trueCostPicoUsd(served.model, served.tier, served.units);
  return {
    call: call.id,
    app: call.app,
    scenario: name,
    truth,
    provider,
    model: served.model,
    feature: call.feature,
    user: call.user,
    customer: call.customer,
    team: call.team,
    environment: call.environment,
    inputTokens: inputTokens(served.units),
    outputTokens: served.units.output,
    costUsd: cost === undefined ? null : formatUsd(cost),
  };
}

/**
 * @typedef {object} TruthTotal
 * @property {bigint} costPicoUsd
 * @property {number} calls
 * @property {number} inputTokens
 * @property {number} outputTokens
 */

/**
 * Adds the books up by one dimension.
 * @param {readonly TruthEntry[]} entries
 * @param {(entry: TruthEntry) => string} keyOf
 * @returns {Map<string, TruthTotal>}
 */
export function totalsBy(entries, keyOf) {
  /** @type {Map<string, TruthTotal>} */
  const totals = new Map();
  for (const entry of entries) {
    const key = keyOf(entry);
    const total = totals.get(key) ?? { costPicoUsd: 0n, calls: 0, inputTokens: 0, outputTokens: 0 };
    totals.set(key, {
      costPicoUsd: total.costPicoUsd + parseUsd(entry.costUsd ?? '0'),
      calls: total.calls + 1,
      inputTokens: total.inputTokens + entry.inputTokens,
      outputTokens: total.outputTokens + entry.outputTokens,
    });
  }
  return totals;
}
