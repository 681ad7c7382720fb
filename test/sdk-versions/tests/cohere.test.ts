import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor, instrumentModule, wrapClient } from '../../../packages/instrumentation/src/index.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import {
  chatV2,
  COHERE_ASK as ASK,
  COHERE_COPIES as COPIES,
  COHERE_MODEL as MODEL,
  cohereClientsOf,
  cohereScenarios,
  loadCohere as load,
  type CohereClients,
  type CohereModule,
} from './support/cohere-scenarios.js';
import { compareScenarios } from './support/compare.js';

type Copy = (typeof COPIES)[number];

const server = new ProviderServer();
const plain = new Map(COPIES.map((copy) => [copy, load(copy)]));
const telemetry = new Telemetry([new CostSpanProcessor()]);
const patched = new Map(COPIES.map((copy) => [copy, instrumentModule(load(copy))]));
const SCENARIOS = cohereScenarios(server);

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const CHAT_COST = costOf('cohere', MODEL, { input: 90, output: 9 });
const COSTS: Readonly<Record<string, string>> = {
  'chat answers': CHAT_COST,
  'chat of the first version answers': CHAT_COST,
  'the second version by the first one’s client': CHAT_COST,
  'chat streams': CHAT_COST,
  'chat of the first version streams': CHAT_COST,
  'the raw response': CHAT_COST,
  embeddings: costOf('cohere', 'embed-v4.0', { input: 42 }),
};

function clientsOf(copy: Copy, modules: ReadonlyMap<Copy, CohereModule>): CohereClients {
  const module = modules.get(copy);
  if (module === undefined) throw new Error(`${copy} is not installed`);
  return cohereClientsOf(module, server.url);
}

for (const copy of COPIES) {
  compareScenarios<CohereClients>(telemetry, {
    copy,
    scenarios: SCENARIOS,
    plain: () => clientsOf(copy, plain),
    patched: () => clientsOf(copy, patched),
    proof: { scenario: 'chat answers', spans: [`chat ${MODEL}`] },
  });
}

describe.each(COPIES)('%s', (copy) => {
  const use = (modules: ReadonlyMap<Copy, CohereModule>): CohereClients => clientsOf(copy, modules);

  it.each(Object.entries(COSTS))('reports once what is billed: %s', async (name, usd) => {
    await SCENARIOS[name]?.(use(patched));
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.usd': usd,
      'costel.usage.quality': 'reported',
      'gen_ai.provider.name': 'cohere',
      'server.port': server.port,
    });
    expect((await telemetry.points('costel.cost')).map(({ value }) => value)).toEqual([Number(usd)]);
  });

  it('counts searches of a reranker', async () => {
    await SCENARIOS['documents are ranked']?.(use(patched));
    expect(telemetry.onlySpan.name).toBe('rerank rerank-v3.5');
    expect(Object.entries(telemetry.onlySpan.attributes)).toContainEqual(['costel.usage.rerank_search', 1]);
  });

  it('estimates a stream that was left or aborted', async () => {
    for (const [name, end] of [
      ['a stream that was left', 'broken_off'],
      ['a stream aborted', 'aborted'],
    ] as const) {
      await telemetry.reset();
      await SCENARIOS[name]?.(use(patched));
      await until(() => telemetry.spans.length === 1, `the span of ${name}`);
      expect(telemetry.onlySpan.attributes).toMatchObject({
        'costel.usage.quality': 'estimated',
        'costel.stream.end': end,
      });
    }
  });

  it('does not bill what was refused, and does not call it free', async () => {
    await SCENARIOS['a request is refused']?.(use(patched));
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.status': 'not_billable',
      'error.type': 'UnauthorizedError',
    });
  });

  it('patches one client by wrapClient', async () => {
    const { v2 } = use(plain);
    server.replies(chatV2());
    await wrapClient(v2).chat(ASK);
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBe(CHAT_COST);
    await use(plain).v2.chat(ASK);
    expect(telemetry.spans).toHaveLength(1);
  });
});
