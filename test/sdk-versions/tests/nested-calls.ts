import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { messageJson, messageSse } from '../../../packages/instrumentation/test/support/anthropic-replies.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { chatJson, chatSse } from '../../../packages/instrumentation/test/support/openai-replies.js';
import type { ProviderServer, Reply } from '../../../packages/instrumentation/test/support/provider-server.js';
import {
  loadAnthropic,
  loadOpenAi,
  type AnthropicCopy,
  type OpenAiCopy,
} from '../../../packages/instrumentation/test/support/sdk-copies.js';
import { context, trace } from './otel-api.js';

/** Calls that are reported more than once, and what they cost together. */
export interface NestedCase {
  readonly name: string;
  readonly usd: number;
  readonly run: (server: ProviderServer) => Promise<void>;
}

export type Attributes = Readonly<Record<string, string | number>>;

export const CHAT_USD = Number(
  costOf('openai', 'gpt-4o', { input: 176, cache_read: 1024, output: 100, reasoning: 200 }),
);
/** What another emitter says of one chat: its totals, as the conventions have them. */
export const SAID: Attributes = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.response.model': 'gpt-4o-2024-08-06',
  'gen_ai.usage.input_tokens': 1200,
  'gen_ai.usage.cache_read.input_tokens': 1024,
  'gen_ai.usage.output_tokens': 300,
  'gen_ai.usage.reasoning.output_tokens': 200,
};
export const AGENT: Attributes = { ...SAID, 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'helper' };
export const twice = (said: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries(said).map(([name, value]) => [name, typeof value === 'number' ? value * 2 : value]),
  );

/** Runs something inside a span of another emitter, which then says what it has seen. */
export async function within(
  name: string,
  said: Attributes,
  run: () => Promise<void>,
  scope = 'framework',
): Promise<void> {
  const span = trace.getTracer(scope).startSpan(name);
  await context.with(trace.setSpan(context.active(), span), run);
  span.setAttributes(said).end();
}

export type OpenAiModule = ReturnType<typeof loadOpenAi>;

export const MESSAGES = [{ role: 'user' as const, content: 'two and two?' }];
export const ASK = { model: 'gpt-4o', messages: MESSAGES };

export const clientOf = ({ OpenAI }: OpenAiModule, server: ProviderServer) =>
  new OpenAI({ apiKey: 'key', baseURL: `${server.url}/v1`, maxRetries: 0 });

/** A reply under another response id. */
export function named(reply: Reply, id: string): Reply {
  return (request, response) => {
    const [end, write] = [response.end.bind(response), response.write.bind(response)];
    const rename = (part: unknown) =>
      typeof part === 'string' ? part.replaceAll(/chatcmpl-fixed|msg_fixed/g, id) : part;
    Object.assign(response, {
      end: (part?: unknown) => end(rename(part)),
      write: (part: unknown) => write(rename(part)),
    });
    return reply(request, response);
  };
}

/** Answers differ by their ids, as those of a provider do. */
let answers = 0;
export function answering(server: ProviderServer): string {
  answers += 1;
  const id = `chatcmpl-${answers}`;
  server.replies((request, response) =>
    named(request.body['stream'] === true ? chatSse() : chatJson(), id)(request, response),
  );
  return id;
}

export async function chat(module: OpenAiModule, server: ProviderServer): Promise<void> {
  answering(server);
  await clientOf(module, server).chat.completions.create(ASK);
}

export async function stream(module: OpenAiModule, server: ProviderServer): Promise<void> {
  answering(server);
  const options = { include_usage: true };
  const chunks = await clientOf(module, server).chat.completions.create({
    ...ASK,
    stream: true,
    stream_options: options,
  });
  for await (const chunk of chunks) if (chunk.id === '') throw new Error('no id');
}

export const fresh = (copy: OpenAiCopy = 'openai-7'): OpenAiModule => instrumentModule(loadOpenAi(copy, true));

export type AnthropicModule = ReturnType<typeof loadAnthropic>;

/** What one message of `anthropic-replies.ts` costs. */
export const MESSAGE_USD = Number(
  costOf('anthropic', 'claude-sonnet-4-6', {
    input: 100,
    cache_read: 1024,
    cache_write_5m: 1048,
    cache_write_1h: 1000,
    output: 50,
    web_search: 2,
  }),
);

interface Messages {
  create(body: object): Promise<unknown>;
}

export async function message(module: AnthropicModule, server: ProviderServer, streams = false): Promise<void> {
  server.replies(streams ? messageSse() : messageJson());
  const { messages } = new module.Anthropic({ apiKey: 'key', baseURL: server.url, maxRetries: 0 });
  const body = { model: 'claude-sonnet-4-6', max_tokens: 64, messages: MESSAGES, ...(streams ? { stream: true } : {}) };
  const result = await (messages as unknown as Messages).create(body);
  if (streams)
    for await (const event of result as AsyncIterable<unknown>) if (event === null) throw new Error('no event');
}

export const freshAnthropic = (copy: AnthropicCopy): AnthropicModule => instrumentModule(loadAnthropic(copy, true));
