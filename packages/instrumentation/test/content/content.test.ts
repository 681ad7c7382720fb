import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule, llmInstrumentations, type CostelInstrumentationConfig } from '../../src/index.js';
import { readAnswerContent } from '../../src/content/answer-content.js';
import { StreamContent } from '../../src/content/stream-content.js';
import { captureOfEnvironment, CAPTURE_VARIABLE } from '../../src/content/content-mode.js';
import { MESSAGE_MODEL, messageJson, messageSse } from '../support/anthropic-replies.js';
import {
  CHAT_MODEL,
  chatJson,
  chatSse,
  chatToolCall,
  chatToolCallSse,
  responseJson,
  responseSse,
} from '../support/openai-replies.js';
import { ProviderServer, type Reply } from '../support/provider-server.js';
import { loadAnthropic, loadOpenAi } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
const KEY = 'sk-canary-key-1a2b';

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterEach(() => {
  delete process.env[CAPTURE_VARIABLE];
});
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

function openAi(config: CostelInstrumentationConfig) {
  const { OpenAI } = instrumentModule(loadOpenAi('openai-7', true), config);
  return new OpenAI({ apiKey: KEY, baseURL: `${server.url}/v1`, maxRetries: 0, logLevel: 'off' });
}

function anthropic(copy: 'anthropic-0-133' | 'anthropic-1') {
  const { Anthropic } = instrumentModule(loadAnthropic(copy, true), { captureContent: 'span' });
  return new Anthropic({ apiKey: KEY, baseURL: server.url, maxRetries: 0, logLevel: 'off' });
}

/** The content on the only span, parsed. */
function content(): Record<string, unknown> {
  const names = {
    input: 'gen_ai.input.messages',
    output: 'gen_ai.output.messages',
    system: 'gen_ai.system_instructions',
    tools: 'gen_ai.tool.definitions',
  };
  const { attributes } = telemetry.onlySpan;
  expect(JSON.stringify(attributes)).not.toContain(KEY);
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, attribute]) => {
      const value = attributes[attribute];
      return typeof value === 'string' ? [[name, JSON.parse(value) as unknown]] : [];
    }),
  );
}

const text = (value: string) => ({ type: 'text', content: value });
const ASK = {
  model: CHAT_MODEL,
  messages: [
    { role: 'system' as const, content: 'be brief' },
    { role: 'user' as const, content: [{ type: 'text' as const, text: 'two and two?' }] },
  ],
};

describe('content on the span', () => {
  let client: ReturnType<typeof openAi>;
  beforeAll(() => {
    client = openAi({ captureContent: 'span' });
  });

  it('is the conversation and the answer in the form of the conventions', async () => {
    server.replies(chatJson());
    await client.chat.completions.create(ASK);
    expect(content()).toEqual({
      input: [
        { role: 'system', parts: [text('be brief')] },
        { role: 'user', parts: [text('two and two?')] },
      ],
      output: [{ role: 'assistant', parts: [text('four')], finish_reason: 'stop' }],
    });
  });

  const call = { type: 'tool_call', id: 'call_1', name: 'add', arguments: { a: 2, b: 2 } };
  it.each([
    ['an answer', chatToolCall(), false],
    ['a stream', chatToolCallSse(), true],
  ] as const)(
    'tells calls of tools in %s, their answers and their definitions',
    async (_name, reply: Reply, stream) => {
      server.replies(reply);
      const tools = [{ type: 'function' as const, function: { name: 'add', parameters: {} } }];
      const messages = [
        {
          role: 'assistant' as const,
          content: null,
          tool_calls: [{ id: 'call_0', type: 'function' as const, function: { name: 'add', arguments: '{"a":1}' } }],
        },
        { role: 'tool' as const, tool_call_id: 'call_0', content: '1' },
      ];
      const result = await client.chat.completions.create({ model: CHAT_MODEL, messages, tools, stream });
      if (stream) for await (const _ of result as AsyncIterable<unknown>);
      expect(content()).toEqual({
        input: [
          { role: 'assistant', parts: [{ ...call, id: 'call_0', arguments: { a: 1 } }] },
          { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_0', response: '1' }] },
        ],
        output: [{ role: 'assistant', parts: [call], finish_reason: 'tool_calls' }],
        tools,
      });
    },
  );

  it('of a stream is what was read of it', async () => {
    server.replies(chatSse({ hold: true }));
    let chunks = 0;
    for await (const _ of await client.chat.completions.create({ ...ASK, stream: true }))
      if ((chunks += 1) === 3) break;
    expect(content()['output']).toEqual([{ role: 'assistant', parts: [text('two and two ')] }]);
  });

  it('is what was sent, whatever the application does to its list of messages afterwards', async () => {
    server.replies(chatSse());
    const messages = [{ role: 'user' as const, content: 'two and two?' }];
    const stream = await client.chat.completions.create({ model: CHAT_MODEL, messages, stream: true });
    messages.push({ role: 'user', content: 'and three?' });
    for await (const _ of stream);
    expect(content()['input']).toEqual([{ role: 'user', parts: [text('two and two?')] }]);
  });

  it.each([
    ['an answer', responseJson(), false],
    ['a stream', responseSse(), true],
  ] as const)('of the Responses API is read from %s', async (_name, reply: Reply, stream) => {
    server.replies(reply);
    const ask = { model: CHAT_MODEL, input: 'two and two?', instructions: 'be brief' };
    const result = await client.responses.create({ ...ask, stream });
    if (stream) for await (const _ of result as AsyncIterable<unknown>);
    expect(content()).toEqual({
      input: [{ role: 'user', parts: [text('two and two?')] }],
      system: [text('be brief')],
      output: [{ role: 'assistant', parts: [text('{"answer":4}')], finish_reason: 'completed' }],
    });
  });

  it('says that there was an image, and nothing of its bytes', async () => {
    server.replies(chatJson());
    const image = `data:image/png;base64,${'A'.repeat(500)}`;
    const parts = [
      { type: 'image_url' as const, image_url: { url: image } },
      { type: 'image_url' as const, image_url: { url: 'https://images.example.com/cat.png' } },
    ];
    await client.chat.completions.create({ model: CHAT_MODEL, messages: [{ role: 'user', content: parts }] });
    expect(content()['input']).toEqual([
      {
        role: 'user',
        parts: [
          { type: 'blob', modality: 'image', mime_type: 'image/png' },
          { type: 'uri', modality: 'image', uri: 'https://images.example.com/cat.png' },
        ],
      },
    ]);
    expect(JSON.stringify(telemetry.onlySpan.attributes)).not.toContain('AAAA');
  });

  it('is cut where it is long: texts at 16,384 characters, lists from their end at 131,072', async () => {
    server.replies(chatJson());
    const messages = Array.from({ length: 20 }, (_, index) => ({
      role: 'user' as const,
      content: `${index} ${'x'.repeat(20_000)}`,
    }));
    await client.chat.completions.create({ model: CHAT_MODEL, messages });
    const input = content()['input'] as { parts: { content: string }[] }[];
    expect(String(telemetry.onlySpan.attributes['gen_ai.input.messages']).length).toBeLessThanOrEqual(131_074);
    expect(input.length).toBeLessThan(20);
    expect(input.at(-1)?.parts[0]?.content.startsWith('19 xxx')).toBe(true);
    expect(input.at(-1)?.parts[0]?.content.endsWith('x [cut]')).toBe(true);
  });

  it('of Anthropic, whose span is its own, is the same for an answer and a stream', async () => {
    for (const copy of ['anthropic-0-133', 'anthropic-1'] as const) {
      for (const stream of [false, true]) {
        await telemetry.reset();
        server.replies(stream ? messageSse() : messageJson());
        const ask = {
          model: MESSAGE_MODEL,
          max_tokens: 9,
          system: 'be brief',
          messages: [{ role: 'user' as const, content: 'two and two?' }],
        };
        const result = await anthropic(copy).messages.create({ ...ask, stream });
        if (stream) for await (const _ of result as AsyncIterable<unknown>);
        const found = content();
        expect(found['input']).toEqual([{ role: 'user', parts: [text('two and two?')] }]);
        expect(found['system']).toEqual([text('be brief')]);
        expect(found['output']).toMatchObject([{ role: 'assistant', finish_reason: 'end_turn' }]);
        expect(JSON.stringify(found['output'])).toContain('"type":"text"');
      }
    }
  });

  it('is read off fields, never off getters of the SDK, which may warn whoever reads them', () => {
    class Answer {
      readonly candidates = [{ content: { parts: [{ text: 'four' }] }, finishReason: 'STOP' }];
      get text(): string {
        throw new Error('read');
      }
      get data(): string {
        throw new Error('read');
      }
    }
    const stream = new StreamContent();
    stream.push(new Answer());
    const four = [{ role: 'assistant', parts: [text('four')], finish_reason: 'STOP' }];
    expect(stream.messages()).toEqual(four);
    expect(readAnswerContent(new Answer())).toEqual(four);
  });
});

describe('content in events', () => {
  interface Emitted {
    readonly eventName: string;
    readonly attributes: Record<string, string>;
  }

  it.each([
    ['event', 1, false],
    ['span_and_event', 1, true],
    ['span', 0, true],
    ['none', 0, false],
  ] as const)('with %s: %d events, on the span %s', async (captureContent, events, isOnSpan) => {
    const emitted: Emitted[] = [];
    const logger = { emit: (record: Emitted) => void emitted.push(record), enabled: () => true };
    const [instrumentation] = llmInstrumentations({ captureContent });
    instrumentation?.setLoggerProvider?.({ getLogger: () => logger });
    // The shared recorder is the instrumentation's.
    const { OpenAI } = instrumentModule(loadOpenAi('openai-6', true));
    server.replies(chatJson());
    await new OpenAI({ apiKey: KEY, baseURL: `${server.url}/v1`, logLevel: 'off' }).chat.completions.create(ASK);
    expect(emitted).toHaveLength(events);
    for (const { eventName, attributes } of emitted) {
      expect(eventName).toBe('gen_ai.client.inference.operation.details');
      expect(attributes).toMatchObject({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': CHAT_MODEL });
      expect(attributes['gen_ai.output.messages']).toContain('four');
    }
    expect('gen_ai.input.messages' in telemetry.onlySpan.attributes).toBe(isOnSpan);
    expect(JSON.stringify([emitted, telemetry.onlySpan.attributes])).not.toContain(KEY);
    instrumentation?.disable();
  });
});

describe('the environment', () => {
  it.each([
    [undefined, 'none'],
    ['', 'none'],
    ['true', 'span'],
    ['false', 'none'],
    ['SPAN_ONLY', 'span'],
    ['event_only', 'event'],
    ['Span_And_Event', 'span_and_event'],
    ['no_content', 'none'],
    ['yes please', 'none'],
    ['constructor', 'none'],
  ] as const)('%s means %s', (value, mode) => {
    const unknown: string[] = [];
    expect(captureOfEnvironment({ [CAPTURE_VARIABLE]: value }, (text) => unknown.push(text))).toBe(mode);
    expect(unknown).toHaveLength(value === 'yes please' || value === 'constructor' ? 1 : 0);
  });

  it('turns capturing on where the configuration says nothing, and the configuration wins', async () => {
    process.env[CAPTURE_VARIABLE] = 'SPAN_ONLY';
    for (const [config, isCaptured] of [
      [{}, true],
      [{ captureContent: 'none' }, false],
    ] as const) {
      await telemetry.reset();
      server.replies(chatJson());
      await openAi(config).chat.completions.create(ASK);
      expect('gen_ai.output.messages' in telemetry.onlySpan.attributes).toBe(isCaptured);
    }
  });
});
