import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildRollups, queryCosts, queryCostSeries, queryLatency, queryTop, type Database } from '../../src/index.js';
import { costAttributes, insertSpans, openTestStore, spanRow, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const MINUTE_MS = 60_000;
const RANGE = { from: new Date('2026-11-10T00:00:00Z'), to: new Date('2026-11-12T10:00:00Z') };

const dollar = (at: string) => spanRow({ at, attributes: costAttributes('1', { 'user.id': 'ada' }) });

describe('answers that are kept', () => {
  let store: TestStore;
  let watched: Database;
  let statements: string[];
  beforeEach(async () => {
    store = await openTestStore();
    statements = [];
    watched = new Proxy(store.db, {
      get: (target, name: keyof Database) => {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return async (...args: readonly unknown[]) => {
          statements.push(String(args[0]));
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
    await insertSpans(store, [dollar('2026-11-10T10:00:00.000Z'), dollar('2026-11-12T09:00:00.000Z')]);
    await buildRollups(watched, { nowMs: NOW_MS });
  });
  afterEach(async () => store.close());

  const readsOfRollups = () => statements.filter((sql) => sql.includes('FROM llm_cost_'));
  const total = async () => (await queryCosts(watched, { ...RANGE, groupBy: ['model'] })).total.costUsd;

  it('are those of rollups alone, asked for once a build', async () => {
    const questions = [
      total,
      async () => queryTop(watched, 'user', { ...RANGE, limit: 1 }),
      async () => queryCostSeries(watched, { ...RANGE, grain: 'hour' }),
      async () => queryLatency(watched, { ...RANGE, groupBy: ['model'] }),
    ];
    for (const ask of questions) {
      const first = await ask();
      expect(readsOfRollups().length).toBeGreaterThan(0);
      statements.length = 0;
      expect(await ask()).toEqual(first);
      expect(readsOfRollups()).toEqual([]);
    }
  });

  it('are not those of time with newer calls, which are seen at once', async () => {
    expect(await total()).toBe('2');
    await insertSpans(store, [dollar('2026-11-10T10:01:00.000Z')]);
    expect(await total()).toBe('3');
    await insertSpans(store, [dollar('2026-11-10T10:02:00.000Z')]);
    expect(await total()).toBe('4');
  });

  it('are renewed by the next build, ahead of who asks next', async () => {
    expect(await total()).toBe('2');
    await insertSpans(store, [dollar('2026-11-10T10:01:00.000Z')]);
    await buildRollups(watched, { nowMs: NOW_MS + MINUTE_MS });
    statements.length = 0;
    expect(await total()).toBe('3');
    expect(readsOfRollups()).toEqual([]);
  });

  it('do not hold what failed', async () => {
    let isBroken = true;
    const broken = new Proxy(watched, {
      get: (target, name: keyof Database) => {
        const member = target[name];
        if (name !== 'query' || typeof member !== 'function') return member;
        return async (...args: readonly unknown[]) => {
          if (isBroken && String(args[0]).includes('FROM llm_cost_')) throw new Error('the store is away');
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
    const ask = async () => (await queryCosts(broken, { ...RANGE, groupBy: ['model'] })).total.costUsd;
    await expect(ask()).rejects.toThrow('the store is away');
    isBroken = false;
    expect(await ask()).toBe('2');
  });
});
