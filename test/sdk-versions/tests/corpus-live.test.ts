import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { hasRecordings, readRecordings, type Recording } from '../../e2e/corpus/recordings.js';
import { loadSdk } from './load-sdk.js';
import { SocketServer, useLocalWebSockets } from './local-web-sockets.js';
import { isLive } from './support/corpus-selectors.js';

interface Module {
  readonly GoogleGenAI: new (options: object) => {
    readonly live: {
      connect(parameters: object): Promise<{ sendClientContent(content: object): void; close(): void }>;
    };
  };
}

interface Message {
  readonly setupComplete?: unknown;
  readonly serverContent?: { readonly turnComplete?: boolean };
  readonly usageMetadata?: Readonly<Record<string, unknown>>;
}

if (!hasRecordings) console.info('corpus: ../shared/data/payloads is absent, the recorded sessions are not replayed');

const recordings = hasRecordings ? readRecordings('google').filter(isLive) : [];
const server = new SocketServer();
const telemetry = new Telemetry();
const local = useLocalWebSockets();

beforeAll(async () => {
  for (const level of ['warn', 'debug'] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
  await server.start();
});
afterAll(async () => {
  local.undo();
  telemetry.stop();
  await server.stop();
});

function receivedIn({ response }: Recording): Message[] {
  const lines = (response.body ?? '').trim().split('\n');
  const frames = lines.map((line) => JSON.parse(line) as { readonly direction: string; readonly data: Message });
  return frames.filter(({ direction }) => direction === 'received').map(({ data }) => data);
}

const count = (usage: Message['usageMetadata'], names: readonly string[]): number =>
  names.reduce((sum, name) => sum + Number(usage?.[name] ?? 0), 0);

/** Input and output of each answer, as the last counts that it states say. */
function answersIn(messages: readonly Message[]): number[][] {
  const answers: number[][] = [];
  let stated: Message['usageMetadata'];
  for (const { usageMetadata, serverContent } of messages) {
    stated = usageMetadata ?? stated;
    if (serverContent?.turnComplete !== true) continue;
    answers.push([
      count(stated, ['promptTokenCount', 'toolUsePromptTokenCount']),
      count(stated, ['candidatesTokenCount', 'responseTokenCount', 'thoughtsTokenCount']),
    ]);
    stated = undefined;
  }
  return answers;
}

/** What the application sees when the provider says what it said in the recording. */
async function replay({ GoogleGenAI }: Module, recording: Recording): Promise<unknown[]> {
  const messages = receivedIn(recording);
  const isSetup = ({ setupComplete }: Message): boolean => setupComplete !== undefined;
  server.follows({ setup: messages.filter(isSetup), clientContent: messages.filter((message) => !isSetup(message)) });
  const seen: unknown[] = [];
  let isClosed = false;
  const client = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: `http://${server.host}` } });
  const session = await client.live.connect({
    model: recording.request_model ?? 'gemini-live-2.5-flash',
    callbacks: {
      onmessage: (message: unknown) => seen.push(JSON.parse(JSON.stringify(message))),
      onclose: () => {
        isClosed = true;
      },
    },
  });
  session.sendClientContent({ turns: 'x' });
  await until(() => seen.length >= messages.length, 'all messages came');
  session.close();
  await until(() => isClosed, 'the session closed');
  return seen;
}

describe.runIf(hasRecordings).each(['google-genai-2', 'google-genai-3'])(
  'recorded live sessions through %s',
  (copy) => {
    const plain = loadSdk(copy, '@google/genai', true) as Module;
    const patched = instrumentModule(loadSdk(copy, '@google/genai', true) as Module);

    it.each(recordings.map((recording) => [recording.id, recording] as const))('%s', async (_id, recording) => {
      await telemetry.reset();
      const expected = await replay(plain, recording);
      expect(telemetry.spans).toEqual([]);
      expect(await replay(patched, recording)).toEqual(expected);
      const calls = telemetry.spans.filter(({ attributes }) => attributes['gen_ai.operation.name'] !== undefined);
      expect(
        calls.map(({ attributes }) => [
          Number(attributes['gen_ai.usage.input_tokens'] ?? 0),
          Number(attributes['gen_ai.usage.output_tokens'] ?? 0),
        ]),
      ).toEqual(answersIn(receivedIn(recording)));
    });
  },
);
