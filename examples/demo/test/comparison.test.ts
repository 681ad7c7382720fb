import { expect, test } from 'vitest';
import { compareWithTruth, runFilter } from '../src/comparison.mjs';
import type { CostFigures, CostSummary } from '../src/costel-api.mjs';
import { formatUsd, parseUsd } from '../src/true-cost.mjs';
import type { RunTruth, TruthEntry } from '../src/truth.mjs';

const entry = (some: Partial<TruthEntry>): TruthEntry => ({
  call: 'call-1',
  app: 'openai-6',
  scenario: 'chat-json',
  truth: 'exact',
  provider: 'openai',
  model: 'gpt-4o-2024-08-06',
  feature: 'support-chat',
  user: 'ada',
  customer: 'acme-bikes',
  team: 'care',
  environment: 'demo',
  inputTokens: 1200,
  outputTokens: 300,
  costUsd: '0.00472',
  ...some,
});

const truth: RunTruth = {
  run: 'run-1',
  seed: 'a',
  startedAt: '2026-11-22T23:59:50.000Z',
  endedAt: '2026-11-23T00:00:20.000Z',
  entries: [
    entry({}),
    entry({ user: 'ben', feature: 'product-copy', costUsd: '0.000000000001' }),
    entry({ truth: 'estimated', costUsd: '0.1' }),
    entry({ truth: 'unpriced', model: 'shop-llm-9-preview', costUsd: null }),
    entry({ truth: 'free', costUsd: '0', inputTokens: 0, outputTokens: 0 }),
  ],
};

/** What Costel would answer if it were right, changed by `change` where a test wants it wrong. */
function costel(change: (entries: CostedEntry[]) => CostedEntry[] = (entries) => entries) {
  const entries = change(
    truth.entries.map((line) => ({
      ...line,
      estimated: line.truth === 'estimated',
      costUsd: line.truth === 'estimated' ? '0.09' : line.costUsd,
    })),
  );
  return async (parameters: Record<string, string>): Promise<CostSummary> => {
    const kind = parameters['filter.tag.demo_truth'];
    const kept = entries.filter((line) => kind === undefined || line.truth === kind);
    const dimension = parameters['group_by'] ?? '';
    const keyOf = (line: CostedEntry) =>
      String(dimension === 'tag.demo_truth' ? line.truth : line[dimension as keyof TruthEntry]);
    const groups = [...new Set(kept.map(keyOf))].map((key) => ({
      key: { [dimension]: key },
      ...figures(kept.filter((line) => keyOf(line) === key)),
    }));
    return { total: figures(kept), groups };
  };
}

type CostedEntry = TruthEntry & { estimated: boolean };

function figures(entries: CostedEntry[]): CostFigures {
  return {
    cost_usd: formatUsd(entries.reduce((sum, line) => sum + parseUsd(line.costUsd ?? '0'), 0n)),
    calls: entries.length,
    input_tokens: entries.reduce((sum, line) => sum + line.inputTokens, 0),
    output_tokens: entries.reduce((sum, line) => sum + line.outputTokens, 0),
    unpriced_calls: entries.filter((line) => line.costUsd === null).length,
    estimated_calls: entries.filter((line) => line.estimated).length,
  };
}

const changed = (index: number, some: Partial<CostedEntry>) => (entries: CostedEntry[]) =>
  entries.map((line, position) => (position === index ? { ...line, ...some } : line));

test('an answer that is right shows no difference, in any dimension', async () => {
  const { tables, differences } = await compareWithTruth(truth, costel());
  expect(differences).toEqual([]);
  expect(tables.map((table) => table.name)).toEqual([
    'all calls',
    'model',
    'feature',
    'user',
    'customer',
    'team',
    'provider',
    'environment',
  ]);
});

test('a single pico-dollar is a difference in every dimension and in the total of the exact calls', async () => {
  const { differences } = await compareWithTruth(truth, costel(changed(1, { costUsd: '0.000000000002' })));
  expect(differences).toHaveLength(8);
  expect(differences).toContainEqual({
    where: 'user ben',
    what: 'cost in USD',
    truth: '0.000000000001',
    costel: '0.000000000002',
  });
});

test('a call that went to the wrong user is a difference for both', async () => {
  const { differences } = await compareWithTruth(truth, costel(changed(0, { user: 'ben' })));
  expect(new Set(differences.map((difference) => difference.where))).toEqual(new Set(['user ada', 'user ben']));
});

test('a value that the provider never served is a difference', async () => {
  const { differences } = await compareWithTruth(truth, costel(changed(0, { feature: '' })));
  expect(differences.map((difference) => difference.where)).toContain('feature (empty)');
});

test.each([
  ['a call counted twice', (entries: CostedEntry[]) => [...entries, ...entries.slice(0, 1)]],
  ['a lost call', (entries: CostedEntry[]) => entries.slice(1)],
  ['an estimate of zero', changed(2, { costUsd: '0' })],
  ['an estimate that is not marked', changed(2, { estimated: false })],
  ['an exact call marked as estimated', changed(0, { estimated: true })],
  ['an unknown model that is free', changed(3, { costUsd: '0' })],
  ['an unknown model that costs something', changed(3, { costUsd: '0.01' })],
  ['an error that costs something', changed(4, { costUsd: '0.01' })],
])('%s is a difference', async (_name, change) => {
  expect((await compareWithTruth(truth, costel(change))).differences).not.toEqual([]);
});

test('the range covers every day that the run touched', () => {
  expect(runFilter(truth)).toEqual({
    from: '2026-11-22T00:00:00.000Z',
    to: '2026-11-24T00:00:00.000Z',
    'filter.tag.demo_run': 'run-1',
  });
});
