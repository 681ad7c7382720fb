import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdReads, readsUnderWay } from '../../src/rollup/read-view.js';
import { openInterface } from './interface-fixture.js';
import type { InterfaceFixture } from './interface-fixture.js';

let fixture: InterfaceFixture;

beforeEach(async () => {
  fixture = await openInterface({ limits: { maxExecutionSeconds: 600 } });
});

afterEach(async () => fixture.close());

const ENDLESS = 'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)';

async function running(): Promise<number> {
  const [row] = await fixture.database.query<{ n: string }>(
    "SELECT count() AS n FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%processes%'",
  );
  return Number(row?.n);
}

describe('a statement whose client has hung up', () => {
  it('ends in the engine, long before its time is over', async () => {
    const hangUp = fixture.begin(ENDLESS);
    await expect.poll(running).toBe(1);
    hangUp();
    await expect.poll(running).toBe(0);
  });

  it('is known until then to whoever prices history again, and must not begin to write under it', async () => {
    const hangUp = fixture.begin(ENDLESS);
    await expect.poll(running).toBe(1);
    const order: string[] = [];
    const settled = readsUnderWay(fixture.database).then(() => order.push('settled'));
    await fixture.ask({ body: 'SELECT 1' });
    order.push('hung up');
    hangUp();
    await settled;
    expect(order).toEqual(['hung up', 'settled']);
  });

  it('ends in its session too, whose tables stay', async () => {
    const query = { session_id: 's' };
    await fixture.ask({ body: 'CREATE TEMPORARY TABLE tmp (a UInt8)', query, isWriter: true });
    const hangUp = fixture.begin(ENDLESS, query);
    await expect.poll(running).toBe(1);
    hangUp();
    await expect.poll(running).toBe(0);
    expect((await fixture.ask({ body: 'SELECT count() FROM tmp', query, isWriter: true })).text).toBe('0\n');
  });

  it('never begins where it still waited for its turn, and those behind it are served', async () => {
    const hangUps = Array.from({ length: 12 }, () => fixture.begin(ENDLESS));
    await expect.poll(running).toBeGreaterThan(0);
    for (const hangUp of hangUps) hangUp();
    const answer = await fixture.ask({ body: 'SELECT 1' });
    expect(answer.text).toBe('1\n');
    await expect.poll(running).toBe(0);
  });

  it('is not ended where it inserts: half an insert is worse than a whole one', async () => {
    await fixture.database.command('CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a');
    // Half a second of an idle core, so that it is still there when this process gets to look.
    const hangUp = fixture.begin('INSERT INTO t SELECT sum(sipHash64(number)) FROM numbers(60000000)');
    const isRunning = async (): Promise<number> => {
      const [row] = await fixture.database.query<{ n: string }>(
        "SELECT count() AS n FROM system.processes WHERE query LIKE 'INSERT INTO t%'",
      );
      return Number(row?.n);
    };
    await expect.poll(isRunning, { interval: 10 }).toBe(1);
    hangUp();
    await expect.poll(isRunning).toBe(0);
    expect(await fixture.database.query('SELECT count() AS n FROM t')).toEqual([{ n: '1' }]);
  });
});

describe('endless statements of strangers', () => {
  it('leave inserts and the statements of the store their way', async () => {
    await fixture.database.command('CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a');
    const hangUps = Array.from({ length: 12 }, () => fixture.begin(ENDLESS));
    await expect.poll(running).toBeGreaterThan(0);
    for (let index = 0; index < 20; index += 1) await fixture.database.insertRows('t', [{ a: index }]);
    expect(await fixture.database.query('SELECT count() AS n FROM t')).toEqual([{ n: '20' }]);
    expect(await running()).toBeGreaterThan(0);
    for (const hangUp of hangUps) hangUp();
    await expect.poll(running).toBe(0);
  });

  it('share the processors: one more gets its part of them', async () => {
    const hangUp = fixture.begin(ENDLESS);
    await expect.poll(running).toBe(1);
    const query = { query: "SELECT getSetting('max_threads')", max_threads: '64' };
    const share = Math.max(1, Math.floor(availableParallelism() / 2));
    expect((await fixture.ask({ query })).text).toBe(`${share}\n`);
    hangUp();
    await expect.poll(running).toBe(0);
    await expect
      .poll(async () => (await fixture.ask({ query })).text)
      .toBe(`${Math.min(64, availableParallelism())}\n`);
  });
});

describe('a build that lets reads wait', () => {
  it('lets no insert of a collector wait, and waits for no long statement itself', async () => {
    const hangUp = fixture.begin(ENDLESS);
    await expect.poll(running).toBe(1);
    const letRead = await holdReads(fixture.database);
    await fixture.ask({ body: 'CREATE TABLE arrived (a UInt8) ENGINE = MergeTree ORDER BY a', isWriter: true });
    await fixture.ask({ body: 'INSERT INTO arrived FORMAT TabSeparated\n1\n', isWriter: true });
    expect((await fixture.ask({ body: 'SELECT a FROM arrived' })).text).toBe('1\n');
    expect(await running()).toBe(1);
    letRead();
    hangUp();
    await expect.poll(running).toBe(0);
  });
});
