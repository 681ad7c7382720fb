import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, openEmbeddedDatabase, type Database } from '@costel/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAggregator, type Aggregator } from '../src/aggregator.js';
import { parseConfig } from '../src/config/load-config.js';
import { recordCalls, type CallToRecord } from './support/ledger.js';

const CONFIG = `server: { port: 0 }
prices: { ceiling: { per_million: { input: 20, output: 80 } } }
budgets:
  - { name: all, limit_usd: 0.5 }
  - { name: per-user, scope: { user: "*" }, limit_usd: 0.01 }
  - { name: search, scope: { feature: search }, limit_usd: 0.001 }`;

const directory = mkdtempSync(join(tmpdir(), 'costel-shards-'));
const databases: Database[] = [];
const services: Aggregator[] = [];

/** The n-th call: its trace decides its shard, as the sharding key of a cluster does. */
function callOf(n: number): CallToRecord {
  // "spread" is dear on both shards together, and on neither among the two dearest.
  const user = n % 5 === 0 ? 'spread' : `user-${n % 2}-${n % 37}`;
  return {
    traceId: n.toString(16).padStart(32, '0'),
    spanId: n.toString(16).padStart(16, 'a'),
    model: n % 11 === 0 ? 'no-such-model-9' : n % 3 === 0 ? 'gpt-4o-2024-08-06' : 'gpt-4o-mini-2024-07-18',
    inputTokens: 1000 + 13 * (n % 97),
    outputTokens: n % 401,
    durationMs: 20 + ((n * 7919) % 9000),
    startMs: NOW - (n % 90) * 60_000,
    attributes: { 'costel.feature': n % 4 === 0 ? 'search' : 'chat', 'user.id': user },
  };
}

const NOW = Date.now() - 5000;
const CALLS = Array.from({ length: 600 }, (_, index) => callOf(index + 1));
/** All of the two dearest users of a shard are of one parity, so each shard names others. */
const shardOf = (call: CallToRecord) =>
  call.attributes?.['user.id'] === 'spread'
    ? Number(call.inputTokens) % 2
    : Number(call.attributes?.['user.id']?.split('-')[1]);

async function openDatabase(name: string): Promise<Database> {
  const database = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data'), database: name });
  databases.push(database);
  await migrate(database);
  return database;
}

async function serve(database: Database, shards: readonly Database[]): Promise<Aggregator> {
  const config = parseConfig(CONFIG, 'costel.yaml');
  const service = await createAggregator({ database, shards, config, log: () => undefined });
  services.push(service);
  for (const { name } of service.ticker.health()) await service.ticker.runNow(name);
  return service;
}

let whole: Aggregator;
let sharded: Aggregator;

beforeAll(async () => {
  const one = await openDatabase('whole');
  const two = [await openDatabase('shard_1'), await openDatabase('shard_2')] as const;
  await recordCalls(one, CALLS);
  for (const [index, shard] of two.entries())
    await recordCalls(
      shard,
      CALLS.filter((call) => shardOf(call) === index),
    );
  whole = await serve(one, []);
  sharded = await serve(two[0], [two[1]]);
});

afterAll(async () => {
  for (const service of services) await service.stop();
  for (const database of databases) await database.close();
  rmSync(directory, { recursive: true, force: true });
});

async function read(service: Aggregator, path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${service.port}/api/v1/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as unknown;
}

const FROM = new Date(NOW - 7_200_000).toISOString();
const TO = new Date(NOW + 60_000).toISOString();

describe('two shards of a cluster answer as one store that has all of it:', () => {
  it.each([
    'costs/summary?RANGE',
    'costs/summary?RANGE&group_by=model',
    'costs/summary?RANGE&group_by=feature,model',
    'costs/summary?RANGE&group_by=user',
    'costs/hourly?RANGE&group_by=model',
    'costs/by/user?RANGE&limit=1',
    'costs/by/user?RANGE&limit=3',
    'costs/by/user?RANGE&limit=50',
    'latency?RANGE&group_by=model',
    'unpriced',
    'budgets',
  ])('%s', async (path) => {
    const asked = path.replace('RANGE', `from=${FROM}&to=${TO}`);
    const [expected, answer] = [await read(whole, asked), await read(sharded, asked)];
    expect(JSON.stringify(expected)).toMatch(/"(calls|spent_usd)":"?[1-9]/);
    expect(answer).toEqual(expected);
  });
});
