import { StoreError, type Database } from '@costel/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAggregator, type Aggregator } from '../src/aggregator.js';
import { parseConfig } from '../src/config/load-config.js';
import { untilDayLasts } from '../../../test/support/day.js';
import { openTestDatabase, recordCalls, type TestDatabase } from './support/ledger.js';

let store: TestDatabase;
let aggregator: Aggregator;
let isAway = false;
const log: string[] = [];

/** The real database, which can be made unreachable. */
function breakable(database: Database): Database {
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isAway) throw new StoreError('unreachable', 'connect ECONNREFUSED secret-host:8123', { retryable: true });
    return work();
  };
  return {
    query: (sql, parameters) => guard(() => database.query(sql, parameters)),
    command: (sql, parameters) => guard(() => database.command(sql, parameters)),
    insertFile: (insert) => guard(() => database.insertFile(insert)),
    insertRows: (table, rows) => guard(() => database.insertRows(table, rows)),
    close: () => database.close(),
  };
}

async function ask(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/${path}`);
  return { status: response.status, text: await response.text() };
}

async function runAll(): Promise<void> {
  for (const { name } of aggregator.ticker.health()) await aggregator.ticker.runNow(name);
}

beforeAll(async () => {
  await untilDayLasts(60_000);
  store = await openTestDatabase();
  await recordCalls(store.database, [{}]);
  const config = parseConfig('server: { port: 0 }\nbudgets: [{ name: all, limit_usd: 1 }]', 'costel.yaml');
  const database = breakable(store.database);
  aggregator = await createAggregator({ database, config, log: (level, message) => log.push(`${level} ${message}`) });
  await runAll();
});

afterAll(async () => {
  await aggregator?.stop();
  await store?.remove();
});

describe('while the store is away', () => {
  it('costs are a problem that says to try again, and gives nothing away', async () => {
    expect((await ask('ready')).status).toBe(200);
    isAway = true;
    const { status, text } = await ask('costs/today');
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({
      code: 'store_unavailable',
      status: 503,
      fix: expect.stringContaining('try again') as unknown,
    });
    expect(text).not.toContain('secret-host');
  });

  it('the process is alive and not ready', async () => {
    expect((await ask('health')).status).toBe(200);
    expect((await ask('ready')).status).toBe(503);
  });

  it('each piece of work says so once', async () => {
    await runAll();
    await runAll();
    const failures = log.filter((line) => line === 'error build_rollups failed and is tried again');
    expect(failures).toHaveLength(1);
    const health = aggregator.ticker.health().find((tick) => tick.name === 'build_rollups');
    expect(health?.consecutiveFailures).toBeGreaterThanOrEqual(2);
  });

  it('everything works again when it is back', async () => {
    isAway = false;
    await runAll();
    expect((await ask('ready')).status).toBe(200);
    expect(JSON.parse((await ask('costs/today')).text)).toMatchObject({ total: { calls: 1, cost_usd: '0.00021' } });
    expect(log).toContain('info build_rollups works again');
  });
});
