import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor, llmInstrumentations } from '../../../packages/instrumentation/src/index.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { compareScenarios } from './support/compare.js';
import {
  EMBEDDING_MODEL,
  homeMadeEmbeddings,
  LANGCHAIN_COPIES as COPIES,
  langChainScenarios,
  loadLangChain as load,
  type LangChainCopy as Copy,
  type LangChainModules,
} from './support/langchain-scenarios.js';

const server = new ProviderServer();
const plain = new Map(COPIES.map((copy) => [copy, load(copy)]));
const telemetry = new Telemetry([new CostSpanProcessor()]);
const [instrumentation] = llmInstrumentations();
const patched = new Map(COPIES.map((copy) => [copy, load(copy)]));

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  instrumentation?.disable();
  telemetry.stop();
  await server.stop();
});
const SCENARIOS = langChainScenarios(server);

function modulesOf(copy: Copy, from: ReadonlyMap<Copy, LangChainModules>): LangChainModules {
  const modules = from.get(copy);
  if (modules === undefined) throw new Error(`${copy} is not installed`);
  return modules;
}

for (const copy of COPIES) {
  compareScenarios<LangChainModules>(telemetry, {
    copy,
    scenarios: SCENARIOS,
    plain: () => modulesOf(copy, plain),
    patched: () => modulesOf(copy, patched),
    proof: { scenario: 'a model without a patched SDK invoked', spans: ['chat mistral-small-latest'] },
  });
}

describe.each(COPIES)('%s', (copy) => {
  const use = (from: ReadonlyMap<Copy, LangChainModules>): LangChainModules => modulesOf(copy, from);
  const costs = () => telemetry.spans.map(({ attributes }) => attributes['costel.cost.usd']).filter(Boolean);
  const counted = async () =>
    (await telemetry.points('costel.cost')).reduce((sum, { value }) => sum + Number(value), 0);

  const CHAT_COST = costOf('openai', 'gpt-4o', { input: 176, cache_read: 1024, output: 100, reasoning: 200 });
  const TEXT_COST = costOf('openai', 'gpt-3.5-turbo-instruct', { input: 5, output: 2 });
  const EMBEDDING_COST = costOf('openai', EMBEDDING_MODEL, { input: 42 });
  const HOME_COST = costOf('mistral_ai', 'mistral-small-latest', { input: 60, cache_read: 40, output: 7 });

  it.each([
    ['OpenAI’s model invoked', [CHAT_COST]],
    ['OpenAI’s model streamed', [CHAT_COST]],
    ['a batch', [CHAT_COST, CHAT_COST]],
    ['a model without a patched SDK invoked', [HOME_COST]],
    ['a model without a patched SDK streamed', [HOME_COST]],
    ['OpenAI’s model of plain text', [TEXT_COST]],
    // The older version's SDK of OpenAI is not among those that are patched, so the text is all that tells: `a` is a token.
    [
      'OpenAI’s embeddings',
      [copy === 'langchain-0' ? costOf('openai', EMBEDDING_MODEL, { input: 1 }) : EMBEDDING_COST],
    ],
    ['a text model without a patched SDK', [costOf('mistral_ai', 'mistral-small-latest', { input: 100, output: 7 })]],
    // 12 characters at 3.6 a token are 4, and 4 more are 2.
    ['a text model that says no usage', [costOf('mistral_ai', 'mistral-small-latest', { input: 4, output: 2 })]],
    ['a text model streamed', [costOf('mistral_ai', 'mistral-small-latest', { input: 4, output: 2 })]],
    ['embeddings without a patched SDK', [costOf('mistral_ai', 'mistral-embed', { input: 4 })]],
    ['a query embedded without a patched SDK', [costOf('mistral_ai', 'mistral-embed', { input: 4 })]],
  ])('bills once: %s', async (name, expected) => {
    await SCENARIOS[name]?.(use(patched));
    expect(costs()).toEqual(expected);
    expect(await counted()).toBeCloseTo(
      expected.reduce((sum, usd) => sum + Number(usd), 0),
      12,
    );
    const calls = telemetry.spans.filter(({ attributes }) => attributes['gen_ai.operation.name'] !== undefined);
    expect(calls).toHaveLength(expected.length);
  });

  it('leaves the base class of embeddings what it was', () => {
    const looks = (modules: LangChainModules): unknown => {
      const made = homeMadeEmbeddings(modules);
      const base: unknown = Object.getPrototypeOf(made.constructor);
      const { Embeddings } = modules;
      const { name, length } = Embeddings;
      return [made instanceof Embeddings, base === Embeddings, name, length, Object.keys(made), made.constructor.name];
    };
    expect(looks(use(patched))).toEqual(looks(use(plain)));
  });

  it('names model and provider as LangChain does', async () => {
    await SCENARIOS['a model without a patched SDK invoked']?.(use(patched));
    expect(telemetry.onlySpan.name).toBe('chat mistral-small-latest');
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.provider.name': 'mistral_ai',
      'gen_ai.operation.name': 'chat',
    });
    expect(telemetry.onlySpan.attributes['server.address']).toBeUndefined();
  });

  it('does not bill a refused call, and does not call it free', async () => {
    await SCENARIOS['a model without a patched SDK refused']?.(use(patched));
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.status': 'not_billable',
      'error.type': 'Error',
    });
  });
});

describe('langchain-1, whose SDK is patched', () => {
  it('puts the SDK’s call below the model’s span, of a stream too', async () => {
    for (const name of ['OpenAI’s model invoked', 'OpenAI’s model streamed']) {
      await telemetry.reset();
      await SCENARIOS[name]?.(patched.get('langchain-1') ?? load('langchain-1'));
      const ids = telemetry.spans.map((span) => span.spanContext().spanId);
      expect(telemetry.spans.some(({ parentSpanContext }) => ids.includes(parentSpanContext?.spanId ?? ''))).toBe(true);
    }
  });
});
