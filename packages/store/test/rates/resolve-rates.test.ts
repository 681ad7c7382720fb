import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healCalls, MAX_RATE_KEYS, pendingRateKeys, queryUnpriced, resolveRates, writeRates } from '../../src/index.js';
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
