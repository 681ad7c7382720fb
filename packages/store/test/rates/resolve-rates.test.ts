import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  healCalls,
  MAX_RATE_KEYS,
  pendingRateKeys,
  queryUnpriced,
  resolveRates,
  writeRates,
  type Database,
} from '../../src/index.js';
import { insertSpans, openTestStore, spanRow, type TestStore } from '../support/test-store.js';

const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
const unknown = () => ({ reason: 'unknown_model' });

describe('calls that wait for a price', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  const call = (model: string, more: Record<string, string> = {}) =>
    spanRow({
      attributes: {
        'gen_ai.provider.name': 'own',
        'gen_ai.request.model': model,
        'gen_ai.usage.input_tokens': '5',
        ...more,
      },
    });
  const reasons = async () =>
    (await queryUnpriced(store.db, RANGE)).map(({ model, reason, calls }) => `${model} ${reason} ${calls}`);

  it('are asked for by the model that answered and the one that was requested, once each', async () => {
    await insertSpans(store, [call('a'), call('a'), call('b', { 'gen_ai.response.model': 'b-2026' })]);
    const keys = await pendingRateKeys(store.db);
    expect(keys.map((key) => key.model).toSorted()).toEqual(['a', 'b', 'b-2026']);
  });

  it('stay as they are while their key is unknown', async () => {
    await healCalls(store.db);
    expect(await reasons()).toEqual(['a pending 2', 'b-2026 pending 1']);
  });

  it('get the reason for which there is none', async () => {
    expect(await resolveRates(store.db, unknown)).toEqual({ resolvedKeys: 3, healed: true });
    expect(await reasons()).toEqual(['a unknown_model 2', 'b-2026 unknown_model 1']);
    expect(await pendingRateKeys(store.db)).toEqual([]);
  });

  it('are found among new rows alone, without reading the day again that they came in', async () => {
    const statements: string[] = [];
    const watched = new Proxy(store.db, {
      get: (target, name: keyof Database) => {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return async (...args: readonly unknown[]) => {
          statements.push(String(args[0]));
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
    await resolveRates(watched, unknown);
    statements.length = 0;
    await insertSpans(store, [call('a')]);
    expect(await resolveRates(watched, unknown)).toEqual({ resolvedKeys: 0, healed: false });
    expect(statements).toHaveLength(2);
    await insertSpans(store, [call('c')]);
    expect(await resolveRates(watched, unknown)).toEqual({ resolvedKeys: 1, healed: true });
    expect(await resolveRates(watched, unknown)).toEqual({ resolvedKeys: 0, healed: false });
    expect(await reasons()).toContain('c unknown_model 1');
  });

  it('are unpriced for too many models once no more keys are taken', async () => {
    const keys = Array.from({ length: MAX_RATE_KEYS }, (_, index) => ({
      key: { provider: 'flood', model: `m-${index}`, serviceTier: '', region: '' },
      rates: unknown(),
    }));
    await writeRates(store.db, keys);
    await insertSpans(store, [call('one-too-many')]);
    await resolveRates(store.db, unknown);
    expect(await reasons()).toContain('one-too-many too_many_models 1');
  });
});
