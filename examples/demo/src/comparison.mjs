// Truth against answer, to the pico-dollar.
import { formatUsd, parseUsd } from './true-cost.mjs';
import { totalsBy } from './truth.mjs';

/** @typedef {import('./costel-api.mjs').CostSummary} CostSummary */
/** @typedef {import('./costel-api.mjs').CostFigures} CostFigures */
/** @typedef {import('./truth.mjs').TruthEntry} TruthEntry */
/** @typedef {import('./truth.mjs').RunTruth} RunTruth */
/** @typedef {{ where: string, what: string, truth: string, costel: string }} Difference */
/** @typedef {{ name: string, rows: ComparedRow[] }} ComparedTable */
/** @typedef {{ key: string, calls: number, costUsd: string, differences: Difference[] }} ComparedRow */

/** The dimensions in which truth and answer must agree, and where a line of the books has their value. */
export const COMPARED_DIMENSIONS = /** @type {const} */ ([
  'model',
  'feature',
  'user',
  'customer',
  'team',
  'provider',
  'environment',
]);

/**
 * The range and filter that single out one run. Days are whole, so that the answer comes from the rollups too.
 * @param {RunTruth} truth
 * @returns {Record<string, string>}
 */
export function runFilter(truth) {
  const dayMs = 86_400_000;
  const from = Math.floor(Date.parse(truth.startedAt) / dayMs) * dayMs;
  const to = (Math.floor(Date.parse(truth.endedAt) / dayMs) + 1) * dayMs;
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    'filter.tag.demo_run': truth.run,
  };
}

/**
 * Compares the calls whose cost is exactly known by each dimension, and the others by what can be said of them.
 * @param {RunTruth} truth
 * @param {(parameters: Record<string, string>) => Promise<CostSummary>} askSummary
 * @returns {Promise<{ tables: ComparedTable[], differences: Difference[] }>}
 */
export async function compareWithTruth(truth, askSummary) {
  const filter = runFilter(truth);
  const kinds = await askSummary({ ...filter, group_by: 'tag.demo_truth' });
  const kindRows = compareKinds(truth.entries, kinds);
  const exact = truth.entries.filter((entry) => entry.truth === 'exact');
  /** @type {ComparedTable[]} */
  const tables = [{ name: 'all calls', rows: kindRows }];
  for (const dimension of COMPARED_DIMENSIONS) {
    const answer = await askSummary({ ...filter, 'filter.tag.demo_truth': 'exact', group_by: dimension });
    tables.push({ name: dimension, rows: compareDimension(dimension, exact, answer) });
  }
  return { tables, differences: tables.flatMap((table) => table.rows.flatMap((row) => row.differences)) };
}

/**
 * Finds the calls behind a difference.
 * @param {RunTruth} truth
 * @param {(parameters: Record<string, string>) => Promise<CostSummary>} askSummary
 * @returns {Promise<ComparedRow[]>} one row a call that differs, named as `call-7 chat-json openai-6 gpt-4o-mini-2024-07-18`
 */
export async function compareCalls(truth, askSummary) {
  const exact = truth.entries.filter((entry) => entry.truth === 'exact');
  const answer = await askSummary({
    ...runFilter(truth),
    'filter.tag.demo_truth': 'exact',
    group_by: 'tag.demo_call',
  });
  return compareDimension('call', exact, answer, 'tag.demo_call')
    .filter((row) => row.differences.length > 0)
    .map((row) => {
      const entry = exact.find(({ call }) => call === row.key);
      return entry ? { ...row, key: `${row.key} ${entry.scenario} ${entry.app} ${entry.model}` } : row;
    });
}

/**
 * @param {string} dimension
 * @param {readonly TruthEntry[]} entries
 * @param {CostSummary} answer
 * @param {string} [groupKey] the dimension's name in the answer
 * @returns {ComparedRow[]} one row a value that either side knows, dearest first
 */
export function compareDimension(dimension, entries, answer, groupKey = dimension) {
  const totals = totalsBy(entries, (entry) => String(entry[/** @type {keyof TruthEntry} */ (dimension)]));
  const groups = new Map(answer.groups.map((group) => [group.key[groupKey] ?? '', group]));
  return [...new Set([...totals.keys(), ...groups.keys()])]
    .map((key) => compareRow(`${dimension} ${key === '' ? '(empty)' : key}`, key, totals.get(key), groups.get(key)))
    .sort((left, right) => Number(parseUsd(right.costUsd) - parseUsd(left.costUsd)));
}

/**
 * @param {string} where
 * @param {string} key
 * @param {import('./truth.mjs').TruthTotal | undefined} total
 * @param {CostFigures | undefined} group
 * @returns {ComparedRow}
 */
function compareRow(where, key, total, group) {
  const truth = total ?? { costPicoUsd: 0n, calls: 0, inputTokens: 0, outputTokens: 0 };
  const costel = group ?? NOTHING;
  /** @type {[string, string, string][]} */
  const fields = [
    ['cost in USD', formatUsd(truth.costPicoUsd), formatUsd(parseUsd(costel.cost_usd))],
    ['calls', String(truth.calls), String(costel.calls)],
    ['input tokens', String(truth.inputTokens), String(costel.input_tokens)],
    ['output tokens', String(truth.outputTokens), String(costel.output_tokens)],
    ['unpriced calls', '0', String(costel.unpriced_calls)],
    ['estimated calls', '0', String(costel.estimated_calls)],
  ];
  const differences = fields
    .filter(([, expected, actual]) => expected !== actual)
    .map(([what, expected, actual]) => ({ where, what, truth: expected, costel: actual }));
  return { key, calls: truth.calls, costUsd: formatUsd(truth.costPicoUsd), differences };
}

/** @type {CostFigures} */
const NOTHING = {
  cost_usd: '0',
  calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  unpriced_calls: 0,
  estimated_calls: 0,
};

/**
 * The whole run by what may be expected of a call; the total must be the sum of its parts.
 * @param {readonly TruthEntry[]} entries
 * @param {CostSummary} answer grouped by `tag.demo_truth`
 * @returns {ComparedRow[]}
 */
export function compareKinds(entries, answer) {
  const totals = totalsBy(entries, (entry) => entry.truth);
  const groups = new Map(answer.groups.map((group) => [group.key['tag.demo_truth'] ?? '', group]));
  const rows = [...new Set([...totals.keys(), ...groups.keys()])].sort().map((kind) => {
    const total = totals.get(kind);
    const group = groups.get(kind);
    if (kind === 'exact') return compareRow('calls with a known cost', kind, total, group);
    return compareOpenRow(kind, total?.calls ?? 0, group ?? NOTHING);
  });
  const sum = answer.groups.reduce((pico, group) => pico + parseUsd(group.cost_usd), 0n);
  const total = {
    ...compareRow('all calls', 'total', undefined, undefined),
    calls: entries.length,
    costUsd: formatUsd(sum),
  };
  if (sum !== parseUsd(answer.total.cost_usd)) {
    total.differences.push(difference('all calls', 'cost in USD', formatUsd(sum), answer.total.cost_usd));
  }
  if (answer.total.calls !== entries.length) {
    total.differences.push(difference('all calls', 'calls', entries.length, answer.total.calls));
  }
  return [...rows, total];
}

/**
 * @param {string} kind
 * @param {number} calls
 * @param {CostFigures} group
 * @returns {ComparedRow}
 */
function compareOpenRow(kind, calls, group) {
  const where = `${kind} calls`;
  /** @type {Difference[]} */
  const differences = [];
  const expectNumber = (/** @type {string} */ what, /** @type {number} */ expected, /** @type {number} */ actual) => {
    if (expected !== actual) differences.push(difference(where, what, expected, actual));
  };
  expectNumber('calls', calls, group.calls);
  expectNumber('unpriced calls', kind === 'unpriced' ? calls : 0, group.unpriced_calls);
  expectNumber('estimated calls', kind === 'estimated' ? calls : 0, group.estimated_calls);
  const isPositive = parseUsd(group.cost_usd) > 0n;
  if (kind === 'estimated' && calls > 0 && !isPositive) {
    differences.push(difference(where, 'cost in USD', 'more than 0', group.cost_usd));
  }
  if (kind !== 'estimated' && isPositive) differences.push(difference(where, 'cost in USD', '0', group.cost_usd));
  return { key: kind, calls, costUsd: formatUsd(parseUsd(group.cost_usd)), differences };
}

/**
 * @param {string} where @param {string} what @param {string | number} truth @param {string | number} costel
 * @returns {Difference}
 */
function difference(where, what, truth, costel) {
  return { where, what, truth: String(truth), costel: String(costel) };
}
