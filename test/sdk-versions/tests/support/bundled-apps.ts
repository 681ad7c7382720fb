import { fileURLToPath } from 'node:url';
import { copyFolder } from '../load-sdk.js';

/** An application that makes one call, and what its span must say. */
export interface BundledApp {
  readonly copy: string;
  /** Where the SDK is resolved from. */
  readonly folder: string;
  /** The SDK's import, with its exports under the name `sdk`. */
  readonly load: string;
  /** Makes the client and the call; `patched` is what `instrumentModule(sdk)` gave. */
  readonly call: string;
  /** What the provider answers. */
  readonly answer: object;
  readonly span: string;
  /** Decimal dollars; undefined where the span costs nothing by itself. */
  readonly costUsd: string | undefined;
}

const MESSAGES = `[{ role: 'user', content: 'two and two?' }]`;
const workspaceCopy = (copy: string): string => fileURLToPath(new URL(`../../../sdks/${copy}/`, import.meta.url));

const chat = (model: string): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model,
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'four' } }],
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
});

const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content: [{ type: 'text', text: 'four' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 1000, output_tokens: 100 },
};

const stainless = (copy: string, module: string, model: string, costUsd: string, folder = copyFolder(copy)) => ({
  copy,
  folder,
  load: `import * as sdk from '${module}';`,
  call: `await new patched.default({ apiKey: 'k', fetch: answering, maxRetries: 0 }).chat.completions.create({ model: '${model}', messages: ${MESSAGES} });`,
  answer: chat(model),
  span: `chat ${model}`,
  costUsd,
});

const LLAMA = 'meta-llama/Llama-3.3-70B-Instruct-Turbo';

const anthropic = (copy: string, span: string): BundledApp => ({
  copy,
  folder: workspaceCopy(copy),
  load: `import * as sdk from '@anthropic-ai/sdk';`,
  call: `await new patched.default({ apiKey: 'k', fetch: answering }).messages.create({ model: 'claude-haiku-4-5', max_tokens: 9, messages: ${MESSAGES} });`,
  answer: message,
  span,
  costUsd: '0.0015',
});

const google = (copy: string): BundledApp => ({
  copy,
  folder: copyFolder(copy),
  load: `import * as sdk from '@google/genai';`,
  call: `await new patched.GoogleGenAI({ apiKey: 'k' }).models.generateContent({ model: 'gemini-2.5-flash', contents: 'two and two?' });`,
  answer: {
    candidates: [{ content: { role: 'model', parts: [{ text: 'four' }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 1000, candidatesTokenCount: 100, totalTokenCount: 1100 },
    modelVersion: 'gemini-2.5-flash',
  },
  span: 'generate_content gemini-2.5-flash',
  costUsd: '0.00055',
});

const mistral = (copy: string): BundledApp => ({
  copy,
  folder: copyFolder(copy),
  load: `import * as sdk from '@mistralai/mistralai';`,
  call: `await new patched.Mistral({ apiKey: 'k' }).chat.complete({ model: 'mistral-small-latest', messages: ${MESSAGES} });`,
  answer: chat('mistral-small-latest'),
  span: 'chat mistral-small-latest',
  costUsd: '0.00021',
});

const cohere = (copy: string): BundledApp => ({
  copy,
  folder: copyFolder(copy),
  load: `import * as sdk from 'cohere-ai';`,
  call: `await new patched.CohereClientV2({ token: 'k' }).chat({ model: 'command-a-03-2025', messages: ${MESSAGES} });`,
  answer: {
    id: 'c-1',
    finish_reason: 'COMPLETE',
    message: { role: 'assistant', content: [{ type: 'text', text: 'four' }] },
    usage: { billed_units: { input_tokens: 1000, output_tokens: 100 } },
  },
  span: 'chat command-a-03-2025',
  costUsd: '0.0035',
});

const ai = (copy: string): BundledApp => ({
  copy,
  folder: copyFolder(copy),
  load: `import * as sdk from 'ai'; import { createOpenAI } from '@ai-sdk/openai';`,
  call: `await patched.generateText({ model: createOpenAI({ apiKey: 'k', fetch: answering }).chat('gpt-4o'), prompt: 'two and two?' });`,
  answer: chat('gpt-4o'),
  span: 'chat gpt-4o',
  costUsd: '0.0035',
});

const langchain = (copy: string): BundledApp => ({
  copy,
  folder: copyFolder(copy),
  load: `import * as sdk from '@langchain/core/language_models/chat_models'; import { ChatOpenAI } from '@langchain/openai';`,
  call: `await new ChatOpenAI({ apiKey: 'k', model: 'gpt-4o', configuration: { fetch: answering } }).invoke('two and two?');`,
  answer: chat('gpt-4o'),
  span: 'chat gpt-4o',
  costUsd: '0.0035',
});

const bedrock: BundledApp = {
  copy: 'bedrock-3',
  folder: copyFolder('bedrock-3'),
  load: `import * as sdk from '@aws-sdk/client-bedrock-runtime'; import { Readable } from 'node:stream';`,
  call: `
    const requestHandler = {
      metadata: { handlerProtocol: 'h2' },
      httpHandlerConfigs: () => ({}),
      updateHttpClientConfig: () => undefined,
      handle: async () => ({
        response: { statusCode: 200, headers: { 'content-type': 'application/json' }, body: Readable.from([Buffer.from(JSON.stringify(answer))]) },
      }),
    };
    const client = new patched.BedrockRuntimeClient({ region: 'us-west-2', credentials: { accessKeyId: 'a', secretAccessKey: 's' }, requestHandler });
    await client.send(new patched.ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages: [{ role: 'user', content: [{ text: 'x' }] }] }));`,
  answer: {
    output: { message: { role: 'assistant', content: [{ text: 'four' }] } },
    stopReason: 'end_turn',
    usage: { inputTokens: 1000, outputTokens: 100, totalTokens: 1100 },
    metrics: { latencyMs: 1 },
  },
  span: 'chat amazon.nova-lite-v1:0',
  costUsd: '0.000084',
};

const ollama: BundledApp = {
  copy: 'ollama-0',
  folder: copyFolder('ollama-0'),
  load: `import * as sdk from 'ollama';`,
  call: `await new patched.Ollama({ fetch: answering }).chat({ model: 'llama3.2', messages: ${MESSAGES} });`,
  answer: {
    model: 'llama3.2',
    message: { role: 'assistant', content: 'four' },
    done: true,
    done_reason: 'stop',
    prompt_eval_count: 1000,
    eval_count: 100,
  },
  span: 'chat llama3.2',
  costUsd: undefined,
};

const mcp: BundledApp = {
  copy: 'mcp-1',
  folder: copyFolder('mcp-1'),
  load: `import * as sdk from '@modelcontextprotocol/sdk/client/index.js';
    import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
    import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';`,
  call: `
    const server = new McpServer({ name: 'tools', version: '1' });
    server.registerTool('weather', { description: 'tells it' }, () => ({ content: [{ type: 'text', text: 'sun' }] }));
    const [near, far] = InMemoryTransport.createLinkedPair();
    const client = new patched.Client({ name: 'app', version: '1' });
    await Promise.all([server.connect(far), client.connect(near)]);
    await client.callTool({ name: 'weather' });`,
  answer: {},
  span: 'tools/call weather',
  costUsd: undefined,
};

/** One for each SDK and major that `instrumentModule` takes. */
export const BUNDLED_APPS: readonly BundledApp[] = [
  stainless('openai-6', 'openai', 'gpt-4o', '0.0035', workspaceCopy('openai-6')),
  stainless('openai-7', 'openai', 'gpt-4o', '0.0035', workspaceCopy('openai-7')),
  anthropic('anthropic-0-133', 'chat claude-haiku-4-5'),
  anthropic('anthropic-1', 'anthropic.messages.create'),
  stainless('groq-0', 'groq-sdk', 'llama-3.3-70b-versatile', '0.000669'),
  stainless('groq-1', 'groq-sdk', 'llama-3.3-70b-versatile', '0.000669'),
  stainless('together-0', 'together-ai', LLAMA, '0.000968'),
  google('google-genai-2'),
  google('google-genai-3'),
  bedrock,
  ollama,
  mistral('mistral-1'),
  mistral('mistral-2'),
  cohere('cohere-7'),
  cohere('cohere-8'),
  ai('ai-5'),
  ai('ai-6'),
  ai('ai-7'),
  langchain('langchain-0'),
  langchain('langchain-1'),
  mcp,
];
