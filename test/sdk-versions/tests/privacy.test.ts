import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ContentCapture } from '../../../packages/instrumentation/src/index.js';
import { CostSpanProcessor, instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { DiagLines } from '../../../packages/instrumentation/test/support/diag-lines.js';
import {
  json,
  ProviderServer,
  sse,
  text,
  type Reply,
} from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { aiContext, loadAi } from './ai-sdk.js';
import { forgetPackages, loadSdk } from './load-sdk.js';
import { bedrockJson, BedrockServer } from './support/bedrock-server.js';
import { bedrockConfig, type BedrockModule } from './support/bedrock.js';
import { ANSWER, at, drain, KEY, PROMPT, quietly, SYSTEM } from './support/canaries.js';

const server = new ProviderServer();
const bedrock = new BedrockServer();
const log = new DiagLines();
const telemetry = new Telemetry([new CostSpanProcessor()]);

beforeAll(() => Promise.all([server.start(), bedrock.start()]));
beforeEach(async () => {
  await telemetry.reset();
  log.lines.length = 0;
});
afterAll(async () => {
  log.stop();
  telemetry.stop();
  await Promise.all([server.stop(), bedrock.stop()]);
});

type Run = () => Promise<unknown>;

interface Use {
  readonly name: string;
  /** Loads a copy of the SDK, has it instrumented, and gives what to run with it: an answer, then a stream where there is one. */
  readonly open: (captureContent: ContentCapture) => readonly (readonly [Reply, Run])[];
}

const refused = (): Reply =>
  json({ error: { message: `cannot answer ${PROMPT}: ${ANSWER}` }, message: PROMPT }, { status: 400 });

const chat = { choices: [{ index: 0, message: { role: 'assistant', content: ANSWER }, finish_reason: 'stop' }] };
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const chatAnswer = (): Reply => json({ id: 'c-1', object: 'chat.completion', model: 'm', created: 1, ...chat, usage });
const chatStream = (): Reply =>
  sse(
    [
      {
        data: {
          id: 'c-1',
          object: 'chat.completion.chunk',
          model: 'm',
          created: 1,
          choices: [{ index: 0, delta: { content: ANSWER }, finish_reason: null }],
        },
      },
      {
        data: {
          id: 'c-1',
          object: 'chat.completion.chunk',
          model: 'm',
          created: 1,
          choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
          usage,
        },
      },
    ],
    { done: true },
  );
const messages = [
  { role: 'system', content: SYSTEM },
  { role: 'user', content: PROMPT },
];

const stainless = (copy: string, moduleName: string): Use => ({
  name: copy,
  open: (captureContent) => {
    const module = instrumentModule(loadSdk(copy, moduleName, true), { captureContent });
    const client = new (at(module, 'default'))({ apiKey: KEY, baseURL: server.url, maxRetries: 0 });
    const create = (more: object): Promise<unknown> =>
      at(client, 'chat', 'completions', 'create')({ model: 'm', messages, ...more });
    return [
      [chatAnswer(), () => create({})],
      [chatStream(), async () => drain(await create({ stream: true }))],
    ];
  },
});

const gemini = {
  candidates: [{ content: { role: 'model', parts: [{ text: ANSWER }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
  modelVersion: 'gemini-2.5-flash',
};
const ollama = {
  model: 'llama3.2',
  message: { role: 'assistant', content: ANSWER },
  done: true,
  done_reason: 'stop',
  prompt_eval_count: 10,
  eval_count: 5,
};
const cohere = {
  id: 'c-1',
  finish_reason: 'COMPLETE',
  message: { role: 'assistant', content: [{ type: 'text', text: ANSWER }] },
  usage: { billed_units: { input_tokens: 10, output_tokens: 5 } },
};

const USES: readonly Use[] = [
  stainless('groq-1', 'groq-sdk'),
  stainless('together-0', 'together-ai'),
  {
    name: 'google-genai-3',
    open: (captureContent) => {
      const module = instrumentModule(loadSdk('google-genai-3', '@google/genai', true), {
        captureContent,
      });
      const client = new (at(module, 'GoogleGenAI'))({ apiKey: KEY, httpOptions: { baseUrl: server.url } });
      const ask = { model: 'gemini-2.5-flash', contents: PROMPT, config: { systemInstruction: SYSTEM } };
      return [
        [json(gemini), async () => at(client, 'models', 'generateContent')(ask)],
        [sse([{ data: gemini }]), async () => drain(await at(client, 'models', 'generateContentStream')(ask))],
      ];
    },
  },
  {
    name: 'ollama-0',
    open: (captureContent) => {
      const module = instrumentModule(loadSdk('ollama-0', 'ollama', true), { captureContent });
      const client = new (at(module, 'Ollama'))({ host: server.url, headers: { authorization: `Bearer ${KEY}` } });
      const ask = { model: 'llama3.2', messages };
      return [
        [json(ollama), async () => at(client, 'chat')(ask)],
        [
          text(`${JSON.stringify(ollama)}\n`, 'application/x-ndjson'),
          async () => drain(await at(client, 'chat')({ ...ask, stream: true })),
        ],
      ];
    },
  },
  {
    name: 'cohere-8',
    open: (captureContent) => {
      forgetPackages(['cohere-ai']);
      const module = instrumentModule(loadSdk('cohere-8', 'cohere-ai'), { captureContent });
      const client = new (at(module, 'CohereClientV2'))({ token: KEY, environment: server.url });
      const ask = { model: 'command-a-03-2025', messages };
      return [[json(cohere), async () => at(client, 'chat')(ask, { maxRetries: 0 })]];
    },
  },
  {
    name: 'mistral-1',
    open: (captureContent) => {
      forgetPackages(['@mistralai/mistralai']);
      const module = instrumentModule(loadSdk('mistral-1', '@mistralai/mistralai'), { captureContent });
      const client = new (at(module, 'Mistral'))({
        apiKey: KEY,
        serverURL: server.url,
        retryConfig: { strategy: 'none' },
      });
      const ask = { model: 'mistral-small-latest', messages };
      return [
        [chatAnswer(), async () => at(client, 'chat', 'complete')(ask)],
        [chatStream(), async () => drain(await at(client, 'chat', 'stream')(ask))],
      ];
    },
  },
  {
    name: 'bedrock-3',
    open: (captureContent) => {
      const module = instrumentModule(loadSdk('bedrock-3', '@aws-sdk/client-bedrock-runtime', true) as BedrockModule, {
        captureContent,
      });
      const answer = {
        output: { message: { role: 'assistant', content: [{ text: ANSWER }] } },
        stopReason: 'end_turn',
        usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
        metrics: { latencyMs: 1 },
      };
      const send = async (command: unknown): Promise<void> => {
        const config = { ...bedrockConfig(bedrock.url), credentials: { accessKeyId: KEY, secretAccessKey: KEY } };
        const client = new module.BedrockRuntimeClient(config);
        await client.send(command as never).finally(() => client.destroy());
      };
      const input = {
        modelId: 'amazon.nova-lite-v1:0',
        system: [{ text: SYSTEM }],
        messages: [{ role: 'user', content: [{ text: PROMPT }] }],
      };
      const claude = {
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'claude',
        content: [{ type: 'text', text: ANSWER }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 10, output_tokens: 5 },
      };
      const body = JSON.stringify({
        anthropic_version: 'x',
        max_tokens: 9,
        system: SYSTEM,
        messages: [{ role: 'user', content: PROMPT }],
      });
      const invoke = { modelId: 'anthropic.claude-sonnet-4-6', body, contentType: 'application/json' };
      return [
        [json({}), async () => (bedrock.replies(bedrockJson(answer)), send(new module.ConverseCommand(input)))],
        [json({}), async () => (bedrock.replies(bedrockJson(claude)), send(new module.InvokeModelCommand(invoke)))],
      ];
    },
  },
  {
    name: 'ai-6 and ai-7',
    open: (captureContent) => {
      // Models are patched once, by the first who does: another copy for another way to capture.
      const copy = captureContent === 'none' ? 'ai-7' : 'ai-6';
      const ai = instrumentModule(loadAi(copy), { captureContent });
      const { openai } = aiContext(copy, ai, server);
      return [
        [
          chatAnswer(),
          async () =>
            at(
              ai,
              'generateText',
            )({ model: await at(openai, 'chat')('gpt-4o'), system: SYSTEM, prompt: PROMPT, maxRetries: 0 }),
        ],
      ];
    },
  },
];

async function everything(): Promise<string> {
  return `${await telemetry.exportedText()}\n${log.lines.join('\n')}`;
}

describe.each(USES)('with $name', ({ open }) => {
  it('nothing of prompt, answer, instructions or key is exported or logged, not from errors either', async () => {
    const runs = open('none');
    for (const [reply, run] of runs) {
      server.replies(reply);
      await run();
      server.replies(refused());
      await quietly(run);
    }
    expect(telemetry.spans.length).toBeGreaterThanOrEqual(runs.length);
    const told = await everything();
    for (const canary of [PROMPT, SYSTEM, ANSWER, KEY]) expect(told).not.toContain(canary);
  });

  it('what was asked for is captured of answers and streams, and no key', async () => {
    for (const [reply, run] of open('span')) {
      await telemetry.reset();
      server.replies(reply);
      await run();
      const { attributes } = telemetry.onlySpan;
      const input = `${String(attributes['gen_ai.input.messages'])} ${String(attributes['gen_ai.system_instructions'])}`;
      expect(input).toContain(PROMPT);
      expect(input).toContain(SYSTEM);
      const output = JSON.parse(String(attributes['gen_ai.output.messages'])) as { parts: unknown[] }[];
      expect(output.map(({ parts }) => parts)).toEqual([[{ type: 'text', content: ANSWER }]]);
      expect(await everything()).not.toContain(KEY);
    }
  });
});
