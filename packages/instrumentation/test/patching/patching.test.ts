import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule, llmInstrumentations, wrapClient } from '../../src/index.js';
import { judgeVersion } from '../../src/patching/sdk-version.js';
import { ANTHROPIC } from '../../src/sdks/anthropic.js';
import { OPENAI } from '../../src/sdks/openai.js';
import { DiagLines } from '../support/diag-lines.js';
import { MESSAGE_MODEL, messageJson } from '../support/anthropic-replies.js';
import { CHAT_MODEL, chatJson } from '../support/openai-replies.js';
import { ProviderServer } from '../support/provider-server.js';
import { ANTHROPIC_COPIES, loadAnthropic, loadOpenAi, OPENAI_COPIES } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const ASK = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'x' }] };
const server = new ProviderServer();
const telemetry = new Telemetry();
let log = new DiagLines();

beforeAll(() => server.start());
beforeEach(async () => {
  log = new DiagLines();
  server.replies(chatJson());
  await telemetry.reset();
});
afterAll(async () => {
  log.stop();
  telemetry.stop();
  await server.stop();
});

const openAiClient = (module: ReturnType<typeof loadOpenAi>) =>
  new module.OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });

describe('llmInstrumentations', () => {
  it.each(OPENAI_COPIES)('patches %s when it is required, and says so in one line', async (copy) => {
    const [instrumentation] = llmInstrumentations();
    const module = loadOpenAi(copy, true);
    await openAiClient(module).chat.completions.create(ASK);
    expect(telemetry.spans).toHaveLength(1);
    const lines = log.matching('patched openai');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/patched openai [67]\.\d+\.\d+: chat\.completions\.create, responses\.create/);
    instrumentation?.disable();
  });

  it.each(ANTHROPIC_COPIES)('patches %s', async (copy) => {
    const [instrumentation] = llmInstrumentations();
    const module = loadAnthropic(copy, true);
    server.replies(messageJson());
    const client = new module.Anthropic({ apiKey: 'k', baseURL: server.url });
    await client.messages.create({ model: MESSAGE_MODEL, max_tokens: 5, messages: [{ role: 'user', content: 'x' }] });
    expect(telemetry.onlySpan.attributes['costel.cost.status']).toBe('priced');
    expect(log.matching('patched @anthropic-ai/sdk')[0]).toContain('messages.create, beta.messages.create');
    instrumentation?.disable();
  });

  it('puts the methods back when disabled, patches again when enabled', async () => {
    const plain = loadOpenAi('openai-7', true).OpenAI.Chat.Completions.prototype.create.toString();
    const [instrumentation] = llmInstrumentations();
    const module = loadOpenAi('openai-7', true);
    const client = openAiClient(module);
    const source = () => module.OpenAI.Chat.Completions.prototype.create.toString();
    expect(source()).not.toBe(plain);
    instrumentation?.disable();
    expect(source()).toBe(plain);
    await client.chat.completions.create(ASK);
    expect(telemetry.spans).toEqual([]);
    instrumentation?.enable();
    await client.chat.completions.create(ASK);
    expect(telemetry.spans).toHaveLength(1);
    instrumentation?.disable();
  });

  it('patches each method once, however many instrumentations there are', async () => {
    const [first] = llmInstrumentations();
    const [second] = llmInstrumentations();
    const module = instrumentModule(loadOpenAi('openai-7', true));
    await openAiClient(module).chat.completions.create(ASK);
    expect(telemetry.spans).toHaveLength(1);
    first?.disable();
    second?.disable();
  });

  it('reports to the providers that it was given', async () => {
    const exporter = new InMemorySpanExporter();
    const [instrumentation] = llmInstrumentations();
    instrumentation?.setTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
    );
    const module = loadOpenAi('openai-7', true);
    await openAiClient(module).chat.completions.create(ASK);
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect(telemetry.spans).toEqual([]);
    instrumentation?.disable();
  });

  it('can start disabled', () => {
    const [instrumentation] = llmInstrumentations({ enabled: false });
    loadOpenAi('openai-7', true);
    expect(log.matching('patched')).toEqual([]);
    instrumentation?.disable();
  });

  it('warns of an SDK that was loaded before, and says what to do', () => {
    loadOpenAi('openai-7');
    const [instrumentation] = llmInstrumentations();
    const [line] = log.matching('was loaded before Costel');
    expect(line).toContain('openai was loaded before');
    expect(line).toContain('node --import @costel/node/register');
    instrumentation?.disable();
  });

  it.each([
    [OPENAI, '5.23.0', 'too_old'],
    [OPENAI, '6.0.0', 'tested'],
    [OPENAI, '7.99.1', 'tested'],
    [OPENAI, '8.0.0', 'newer'],
    [OPENAI, '8.0.0-beta.1', 'newer'],
    [OPENAI, undefined, 'unknown'],
    [OPENAI, 'nonsense', 'unknown'],
    [ANTHROPIC, '0.132.9', 'too_old'],
    [ANTHROPIC, '0.133.0', 'tested'],
    [ANTHROPIC, '1.12.0', 'tested'],
    [ANTHROPIC, '2.0.0', 'newer'],
  ])('judges a version: %#', (sdk, version, verdict) => {
    expect(judgeVersion(version, sdk)).toBe(verdict);
  });

  it('warns of versions that it does not know, patches newer ones and leaves older ones', () => {
    const definitionOf = (config = {}) => {
      const [instrumentation] = llmInstrumentations({ enabled: false, ...config }) as unknown as {
        getModuleDefinitions(): { name: string; patch(exports: unknown, version: string): unknown }[];
      }[];
      const definition = instrumentation?.getModuleDefinitions().find(({ name }) => name === 'openai');
      if (definition === undefined) throw new Error('no definition');
      return definition;
    };
    const module = loadOpenAi('openai-7', true);
    expect(definitionOf().patch(module, '5.0.0')).toBe(module);
    expect(log.matching('openai 5.0.0 is older')[0]).toContain('update the SDK');
    definitionOf({ patchUntestedVersions: false }).patch(module, '9.0.0');
    expect(log.matching('openai 9.0.0 is newer')[0]).toContain('patchUntestedVersions');
    expect(log.matching('patched openai')).toEqual([]);
    definitionOf().patch(module, '9.0.0');
    expect(log.matching('openai 9.0.0 is not among the tested versions')[0]).toMatch(/(\d+) of \1 methods/);
    expect(log.matching('patched openai 9.0.0')).toHaveLength(1);
    expect(definitionOf().patch({ default: () => undefined }, '9.1.0')).toBeDefined();
    expect(log.matching('openai 9.1.0')[0]).toMatch(/ 0 of \d+ methods/);
  });
});

describe('instrumentModule', () => {
  it('takes the namespace, the class, or a module without the rest', async () => {
    for (const take of [
      (module: ReturnType<typeof loadOpenAi>) => instrumentModule(module),
      (module: ReturnType<typeof loadOpenAi>) => instrumentModule(module.OpenAI),
      (module: ReturnType<typeof loadOpenAi>) => instrumentModule({ default: module.OpenAI }),
    ]) {
      await telemetry.reset();
      const module = loadOpenAi('openai-7', true);
      take(module);
      await openAiClient(module).chat.completions.create(ASK);
      expect(telemetry.spans).toHaveLength(1);
    }
  });

  it('returns what it was given and says when it knows nothing of it', () => {
    for (const stranger of [{}, null, undefined, 7, { default: { Chat: {} } }]) {
      expect(instrumentModule(stranger)).toBe(stranger);
    }
    expect(log.matching('given no known SDK')).toHaveLength(5);
  });

  it('does not take one SDK for another', () => {
    instrumentModule(loadAnthropic('anthropic-0-133', true));
    expect(log.matching('patched a loaded module')[0]).not.toContain('openai');
  });
});

describe('wrapClient', () => {
  it('patches one client and no other, and returns it', async () => {
    const module = loadOpenAi('openai-7', true);
    const wrapped = openAiClient(module);
    expect(wrapClient(wrapped)).toBe(wrapped);
    wrapClient(wrapped);
    await openAiClient(module).chat.completions.create(ASK);
    expect(telemetry.spans).toEqual([]);
    await wrapped.chat.completions.create(ASK);
    await wrapped.chat.completions.parse(ASK);
    expect(telemetry.spans).toHaveLength(2);
    expect(Object.keys(wrapped.chat.completions)).toEqual(Object.keys(openAiClient(module).chat.completions));
  });

  it('says when it knows nothing of it', () => {
    const stranger = { chat: {} };
    expect(wrapClient(stranger)).toBe(stranger);
    expect(log.matching('given no known client')).toHaveLength(1);
  });
});
