import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildRollups, dropOldBuilds, queryCosts } from '../../src/index.js';
import {
  costAttributes,
  insertSpans,
  openTestStore,
  spanRow,
  type SpanRow,
  type TestStore,
} from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };

const dollar = (at: string, more: { user?: string; receivedAt?: string } = {}): SpanRow =>
  spanRow({
    at,
    attributes: costAttributes('1', { 'user.id': more.user ?? 'u' }),
    ...(more.receivedAt === undefined ? {} : { receivedAt: more.receivedAt }),
  });

describe('what a reader sees while rollups are built', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(async () => store.close());

  const total = async () => (await queryCosts(store.db, RANGE)).total.costUsd;
  const byUser = async () => (await queryCosts(store.db, { ...RANGE, groupBy: ['user'] })).total.costUsd;

  it('sees rows of an insert that was held open across a whole build', async () => {
    await insertSpans(store, [dollar('2026-11-10T10:00:00.000Z')]);
    const pipe = join(store.directory, 'held-open');
    execFileSync('mkfifo', [pipe]);
    const late = dollar('2026-11-10T10:01:00.000Z', { receivedAt: '2026-11-10T10:01:01.000Z' });
    const columns = Object.keys(late);
    const insert = store.db.insertFile({ table: 'otel_traces', columns, format: 'JSONEachRow', path: pipe });
    const writer = createWriteStream(pipe);
    await new Promise<void>((resolve, reject) => writer.on('open', () => resolve()).on('error', reject));
    await buildRollups(store.db, { nowMs: NOW_MS });
    expect(await total()).toBe('1');
    writer.end(`${JSON.stringify(late)}\n`);
    await insert;
    expect(await total()).toBe('2');
    expect(await byUser()).toBe('2');
    const next = await buildRollups(store.db, { nowMs: NOW_MS });
    expect(next.quarters).toBe(1);
    expect(await total()).toBe('2');
    expect(await byUser()).toBe('2');
  });

  it('loses no row that commits between the reading of the blocks and the publication', async () => {
    await insertSpans(store, [dollar('2026-11-10T10:00:00.000Z')]);
    const seen: string[] = [];
    const during = (minute: number) => async () => {
      await insertSpans(store, [dollar(`2026-11-10T10:0${minute}:00.000Z`)]);
      seen.push(await total());
    };
    await buildRollups(store.db, {
      nowMs: NOW_MS,
      hooks: { afterBlocksRead: during(1), beforePublish: during(2) },
    });
    expect(seen).toEqual(['2', '3']);
    expect(await total()).toBe('3');
    await buildRollups(store.db, { nowMs: NOW_MS });
    expect(await total()).toBe('3');
    expect(await byUser()).toBe('3');
  });

  it('shows nothing of a build that died before it was published, and deletes it later', async () => {
    await insertSpans(store, [dollar('2026-11-10T10:00:00.000Z')]);
    await buildRollups(store.db, { nowMs: NOW_MS });
    await insertSpans(store, [dollar('2026-11-10T10:02:00.000Z')]);
    const died = buildRollups(store.db, {
      nowMs: NOW_MS,
      hooks: { beforePublish: async () => Promise.reject(new Error('killed')) },
    });
    await expect(died).rejects.toThrow('killed');
    expect(await total()).toBe('2');
    await buildRollups(store.db, { nowMs: NOW_MS + 1 });
    expect(await total()).toBe('2');
    const builds = async () => {
      const [row] = await store.db.query<{ builds: string }>('SELECT uniqExact(build) AS builds FROM llm_cost_15m');
      return row?.builds;
    };
    expect(await builds()).toBe('3');
    await dropOldBuilds(store.db, { nowMs: NOW_MS + 3_600_000 });
    expect(await builds()).toBe('1');
    expect(await total()).toBe('2');
    expect(await byUser()).toBe('2');
  });

  it('lets a query that began before a publication finish on the builds that it began with', async () => {
    await insertSpans(store, [dollar('2026-11-10T10:00:00.000Z'), dollar('2026-11-09T10:00:00.000Z')]);
    await buildRollups(store.db, { nowMs: NOW_MS });
    const totals = new Set<string>();
    const build = { running: true };
    const reader = (async () => {
      while (build.running) totals.add(await total());
    })();
    for (let round = 0; round < 5; round += 1) {
      await store.db.insertRows('tick_progress', [
        { task: 'noise', partition_id: '', block: '1', sequence: String(round) },
      ]);
      // A resend makes its hour dirty and changes nothing.
      const rows = await store.db.query<SpanRow>('SELECT * EXCEPT ReceivedAt FROM otel_traces LIMIT 2');
      await insertSpans(store, rows);
      await buildRollups(store.db, { nowMs: NOW_MS + round });
    }
    build.running = false;
    await reader;
    expect([...totals]).toEqual(['2']);
  });

  it('counts the first receipt of a span whose clock is wrong, in one quarter hour only', async () => {
    const ahead = { ...dollar('2026-11-12T20:00:00.000Z', { receivedAt: '2026-11-12T09:00:00.000Z' }) };
    await insertSpans(store, [ahead]);
    await buildRollups(store.db, { nowMs: NOW_MS });
    await insertSpans(store, [{ ...ahead, ReceivedAt: '2026-11-12 09:40:00.000' }]);
    expect(await total()).toBe('1');
    await buildRollups(store.db, { nowMs: NOW_MS });
    expect(await total()).toBe('1');
    const at = async (from: string, to: string) =>
      (await queryCosts(store.db, { from: new Date(from), to: new Date(to) })).total.costUsd;
    expect(await at('2026-11-12T09:00:00Z', '2026-11-12T09:15:00Z')).toBe('1');
    expect(await at('2026-11-12T09:15:00Z', '2026-11-13T00:00:00Z')).toBe('0');
  });

  it('adds a span that comes after retention to what was published, and changes nothing else', async () => {
    const retention = { ledgerDays: 1 };
    const old = Array.from({ length: 10 }, (_, index) =>
      dollar(`2026-11-10T10:0${index}:00.000Z`, { user: `u${index}` }),
    );
    await insertSpans(store, old);
    await buildRollups(store.db, { nowMs: NOW_MS, ...retention });
    await store.db.command("ALTER TABLE llm_calls DROP PARTITION '20261110'");
    expect(await total()).toBe('10');
    await buildRollups(store.db, { nowMs: NOW_MS, ...retention });
    await insertSpans(store, [dollar('2026-11-10T10:05:30.000Z', { user: 'u3' })]);
    expect(await total()).toBe('10');
    await buildRollups(store.db, { nowMs: NOW_MS, ...retention });
    expect(await total()).toBe('11');
    const users = await queryCosts(store.db, { ...RANGE, groupBy: ['user'] });
    expect(users.groups[0]).toMatchObject({ key: { user: 'u3' }, costUsd: '2', calls: 2 });
    expect(users.total.costUsd).toBe('11');
    await buildRollups(store.db, { nowMs: NOW_MS + 900_000, ...retention });
    expect(await total()).toBe('11');
  });
});
