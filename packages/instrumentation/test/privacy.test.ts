import { afterAll, beforeAll, expect, it } from 'vitest';
import { CostSpanProcessor, instrumentModule, recordCost } from '../src/index.js';
import { MESSAGE_MODEL, messageJson, messageSse } from './support/anthropic-replies.js';
import { DiagLines } from './support/diag-lines.js';
import { CHAT_MODEL, chatJson, chatSse, embeddingJson, responseJson, responseSse } from './support/openai-replies.js';
import { json, ProviderServer, text } from './support/provider-server.js';
import { ANTHROPIC_COPIES, loadAnthropic, loadOpenAi, OPENAI_COPIES } from './support/sdk-copies.js';
import { Telemetry } from './support/telemetry.js';

const PROMPT = 'canary-prompt-7c1f';
const SYSTEM = 'canary-system-90ab';
const ANSWER = 'canary-answer-55d2';
const TOOL = 'canary-tool-3e3e';
const KEY = 'sk-canary-key-1a2b';
const CANARIES = [PROMPT, SYSTEM, ANSWER, TOOL, KEY];

const server = new ProviderServer();
const log = new DiagLines();
const telemetry = new Telemetry([new CostSpanProcessor()]);
const printed: string[] = [];

beforeAll(() => server.start());
afterAll(async () => {
  log.stop();
  telemetry.stop();
  await server.stop();
});

async function quietly(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch {
    // Errors are part of the exercise.
  }
}

async function useOpenAi(copy: (typeof OPENAI_COPIES)[number]): Promise<void> {
  const module = instrumentModule(loadOpenAi(copy, true), { includeUsage: true });
  const client = new module.OpenAI({ apiKey: KEY, baseURL: `${server.url}/v1`, maxRetries: 0, logLevel: 'off' });
  const tool = { type: 'function' as const, function: { name: TOOL, description: TOOL, parameters: {} } };
  const ask = {
    model: CHAT_MODEL,
    messages: [
      { role: 'system' as const, content: SYSTEM },
      { role: 'user' as const, content: PROMPT },
    ],
    tools: [tool],
  };
  const error = json({ error: { message: `bad: ${PROMPT} ${ANSWER}`, code: 'x' } }, { status: 400 });
  const broken = text(`{"choices": ${ANSWER}`, 'application/json');
  for (const [reply, run] of [
    [chatJson({ content: ANSWER }), () => client.chat.completions.create(ask)],
    [
      chatSse(),
      async () => {
        for await (const _ of await client.chat.completions.create({ ...ask, stream: true }));
      },
    ],
    [
      chatSse(),
      async () => {
        for await (const _ of await client.chat.completions.create({ ...ask, stream: true })) break;
      },
    ],
    [error, () => client.chat.completions.create(ask)],
    [broken, () => client.chat.completions.create(ask)],
    [broken, async () => (await client.chat.completions.create(ask).asResponse()).text()],
    [responseJson(), () => client.responses.create({ model: CHAT_MODEL, input: PROMPT, instructions: SYSTEM })],
    [responseSse(), () => client.responses.stream({ model: CHAT_MODEL, input: PROMPT }).finalResponse()],
    [embeddingJson(), () => client.embeddings.create({ model: 'text-embedding-3-small', input: PROMPT })],
  ] as const) {
    server.replies(reply);
    await quietly(run);
  }
}

async function useAnthropic(copy: (typeof ANTHROPIC_COPIES)[number]): Promise<void> {
  const module = instrumentModule(loadAnthropic(copy, true));
  const client = new module.Anthropic({ apiKey: KEY, baseURL: server.url, maxRetries: 0, logLevel: 'off' });
  const messages = [{ role: 'user' as const, content: PROMPT }];
  const ask = { model: MESSAGE_MODEL, max_tokens: 9, system: SYSTEM, messages };
  for (const [reply, run] of [
    [messageJson({ content: [{ type: 'text', text: ANSWER }] }), () => client.messages.create(ask)],
    [messageSse(), () => client.messages.stream(ask).finalMessage()],
    [messageSse({ failing: true }), () => client.messages.stream(ask).finalMessage()],
    [json({ error: { type: 'x', message: PROMPT } }, { status: 400 }), () => client.messages.create(ask)],
  ] as const) {
    server.replies(reply);
    await quietly(run);
  }
}

it('no prompt, answer, tool or key is in anything that is exported or logged', async () => {
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write.bind(stream));
  for (const stream of streams) {
    stream.write = (chunk: string | Uint8Array) => {
      printed.push(String(chunk));
      return true;
    };
  }
  try {
    for (const copy of OPENAI_COPIES) await useOpenAi(copy);
    for (const copy of ANTHROPIC_COPIES) await useAnthropic(copy);
    recordCost({ kind: 'x', name: 'y', costUsd: PROMPT });
  } finally {
    streams.forEach((stream, index) => {
      const write = writes[index];
      if (write !== undefined) stream.write = write;
    });
  }
  expect(telemetry.spans.length).toBeGreaterThan(25);
  const everything = [await telemetry.exportedText(), log.lines.join('\n'), printed.join('\n')].join('\n');
  for (const canary of CANARIES) expect(everything).not.toContain(canary);
});
