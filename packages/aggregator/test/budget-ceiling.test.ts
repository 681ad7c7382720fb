import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAggregator, type Aggregator } from '../src/aggregator.js';
import { parseConfig } from '../src/config/load-config.js';
import { PRICE_DATA_FILE } from '../src/prices/load-price-book.js';
import { untilDayLasts } from '../../../test/support/day.js';
import { openTestDatabase, recordCalls, type TestDatabase } from './support/ledger.js';

interface BudgetJson {
  readonly name: string;
  readonly scope: Record<string, string>;
  readonly spent_usd: string;
  readonly assumed_usd: string;
  readonly spent_percent: number;
}

const dataDirectory = mkdtempSync(join(tmpdir(), 'costel-ceiling-'));
let store: TestDatabase;
let aggregator: Aggregator;
const log: string[] = [];

beforeAll(async () => {
  await untilDayLasts(60_000);
  store = await openTestDatabase();
  const config = parseConfig(
    `
server: { port: 0, data_directory: ${JSON.stringify(dataDirectory)} }
prices:
  ceiling:
    per_million: { input: 1, output: 1 }
    changes: [{ from: 2001-01-01, per_million: { input: 20, output: 100 } }]
budgets:
  - { name: all, limit_usd: 0.1, window: month, thresholds: [50, 100] }
  - { name: by feature, limit_usd: 0.1, window: day, group_by: [feature] }
`,
    'costel.yaml',
  );
  aggregator = await createAggregator({
    database: store.database,
    config,
    log: (_level, message) => log.push(message),
  });
});

afterAll(async () => {
  await aggregator?.stop();
  await store?.remove();
  rmSync(dataDirectory, { recursive: true, force: true });
});

async function settle(): Promise<void> {
  for (const name of ['resolve_rates', 'heal_unpriced', 'judge_traces', 'evaluate_budgets', 'deliver_alerts'])
    await aggregator.ticker.runNow(name);
}

async function budgets(): Promise<readonly BudgetJson[]> {
  const response = await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/budgets`);
  return ((await response.json()) as { budgets: readonly BudgetJson[] }).budgets;
}

async function allOf(): Promise<BudgetJson> {
  const found = (await budgets()).find(({ name }) => name === 'all');
  if (found === undefined) throw new Error('the budget is not there');
  return found;
}

async function totalUsd(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/costs/summary`);
  return ((await response.json()) as { total: { cost_usd: string } }).total.cost_usd;
}

/** What "costel prices update" leaves: the price of a model that no list knew. */
function putPrice(model: string): void {
  const prices = [[null, { input_mtok: 1_000_000, output_mtok: 2_000_000 }]];
  const catalogue = {
    provenance: {
      name: 'litellm',
      version: '999.0.0',
      date: '2099-01-01',
      sha256: createHash('sha256').update(model).digest('hex'),
    },
    providers: { openai: { models: [[model, `=${model}`, prices]] } },
  };
  mkdirSync(join(dataDirectory, 'prices'), { recursive: true });
  writeFileSync(join(dataDirectory, PRICE_DATA_FILE), JSON.stringify({ catalogues: [catalogue] }));
}

describe('a ceiling price', () => {
  it('counts calls without a price towards budgets, beside what was spent and in no sum', async () => {
    await recordCalls(store.database, [
      { attributes: { 'costel.feature': 'search' } },
      // 1 000 in at $20 and 400 out at $100 a million: $0.06 at most. Cached input and reasoning follow input and output.
      {
        model: 'not-listed-yet',
        outputTokens: 400,
        attributes: {
          'costel.feature': 'chat',
          'gen_ai.usage.cache_read.input_tokens': '300',
          'gen_ai.usage.reasoning.output_tokens': '100',
        },
      },
    ]);
    await settle();
    const found = await budgets();
    expect(found.find(({ name }) => name === 'all')).toMatchObject({
      spent_usd: '0.00021',
      assumed_usd: '0.06',
      spent_percent: 60.21,
    });
    expect(
      found
        .filter(({ name }) => name === 'by feature')
        .map(({ scope, spent_usd: spent, assumed_usd: assumed }) => [scope['feature'], spent, assumed])
        .sort(([left = ''], [right = '']) => left.localeCompare(right)),
    ).toEqual([
      ['chat', '0', '0.06'],
      ['search', '0.00021', '0'],
    ]);
    expect(await totalUsd()).toBe('0.00021');
    const alert = log.find((line) => line.includes('"all"') && line.includes('has reached 50 %'));
    expect(alert).toContain('and at most $0.06 for calls without a price');
    const metrics = await (await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/metrics`)).text();
    expect(metrics).toContain('costel_budget_assumed_usd{budget="all"} 0.06');
  });

  it('gives way to the price that new data brings, without a restart', async () => {
    putPrice('not-listed-yet');
    // A tick that was under way when the data came still has the old prices.
    while ((await allOf()).assumed_usd !== '0') await settle();
    // 1 000 in at $1, 400 out at $2 a million.
    expect(await allOf()).toMatchObject({
      spent_usd: '0.00201',
      assumed_usd: '0',
      spent_percent: 2.01,
    });
    expect(await totalUsd()).toBe('0.00201');
  });

  it('does not fail on price data that cannot be read: the prices stay, and the log says so', async () => {
    writeFileSync(join(dataDirectory, PRICE_DATA_FILE), '{"catalogues": 1}');
    while (!log.some((line) => line.includes('price data cannot be read'))) await settle();
    await settle();
    expect(await totalUsd()).toBe('0.00201');
    expect(log.filter((line) => line.includes('price data cannot be read'))).toHaveLength(1);
  });
});
