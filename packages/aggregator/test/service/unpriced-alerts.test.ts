import type { Alert } from '@costel/notify';
import { expect, it } from 'vitest';
import { createUnpricedWatch } from '../../src/service/unpriced-alerts.js';

it.each([
  [1, '1 call of house-1 from openai has no price (unknown_model)'],
  [2, '2 calls of house-1 from openai have no price (unknown_model)'],
])('the alert on a model without a price counts %i as people do', async (calls, sentence) => {
  const raised: Alert[] = [];
  const found = {
    provider: 'openai',
    model: 'house-1',
    serviceTier: '',
    region: '',
    reason: 'unknown_model',
    calls,
    inputTokens: 0,
    outputTokens: 0,
    ceilingPicoUsd: undefined,
    firstSeenMs: 0,
    lastSeenMs: 0,
  };
  const watch = createUnpricedWatch({
    readUnpriced: () => Promise.resolve([found]),
    outbox: {
      listAlerts: () => Promise.resolve([]),
      resolve: () => Promise.resolve([]),
      raise: (alerts) => {
        raised.push(...alerts);
        return Promise.resolve(alerts.map(({ key }) => key));
      },
    },
    channelNames: [],
    publicUrl: () => 'http://127.0.0.1:4320',
    clock: () => 0,
  });
  await watch.evaluate();
  expect(raised.map(({ message }) => message.slice(0, sentence.length))).toEqual([sentence]);
});
