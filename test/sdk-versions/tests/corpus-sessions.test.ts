import { formatPicoUsd, parsePicoUsd, picoUsd, priceInteraction } from '@costel/pricing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmInstrumentations } from '../../../packages/instrumentation/src/index.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { hasRecordings, readRecordings, type Recording } from '../../e2e/corpus/recordings.js';
import { SocketServer, useLocalWebSockets } from './local-web-sockets.js';
import { isSession } from './support/corpus-selectors.js';
import { closed, loadSessions, SESSION_COPIES, type SessionCopy, type SessionModules } from './openai-sessions.js';

interface Frame {
  readonly direction: 'sent' | 'received';
  readonly data: object;
}

/** A message that states usage: OpenAI inside the response, xAI beside it. */
interface Answer {
  readonly type?: string;
  readonly response?: { readonly id?: string; readonly usage?: TokenCounts };
  readonly usage?: TokenCounts;
}

interface TokenCounts {
  readonly input_tokens?: number;
  readonly output_tokens?: number;
}

const COPIES = Object.keys(SESSION_COPIES) as SessionCopy[];

if (!hasRecordings) console.info('corpus: ../shared/data/payloads is absent, the recorded sessions are not replayed');

const recordings = hasRecordings ? ['openai', 'azure', 'xai'].flatMap(readRecordings).filter(isSession) : [];

const server = new SocketServer();
const sockets = useLocalWebSockets();
const plain = new Map(COPIES.map((copy) => [copy, loadSessions(copy)]));
const telemetry = new Telemetry();
const [instrumentation] = llmInstrumentations();
const patched = new Map(COPIES.map((copy) => [copy, loadSessions(copy)]));

beforeAll(() => server.start());
afterAll(async () => {
  instrumentation?.disable();
  telemetry.stop();
  sockets.undo();
  await server.stop();
});

function receivedIn({ response }: Recording): object[] {
  const frames = (response.body ?? '')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Frame);
  return frames.filter(({ direction }) => direction === 'received').map(({ data }) => data);
}

const isAnswer = (message: object): boolean => (message as Answer).type === 'response.done';

/** Id and token totals of each answer, as its message states them. */
function answersIn(recording: Recording): unknown[] {
  return receivedIn(recording)
    .filter(isAnswer)
    .map((message) => {
      const { response = {}, usage: beside = {} } = message as Answer;
      const usage = response.usage?.input_tokens === undefined ? beside : response.usage;
      return [response.id, usage.input_tokens ?? 0, usage.output_tokens ?? 0];
    });
}

/** Exact dollars, added up; what is absent adds nothing. */
function sumOf(amounts: readonly unknown[]): string {
  const dollars = amounts.filter((amount) => typeof amount === 'string').map(parsePicoUsd);
  return formatPicoUsd(picoUsd(dollars.reduce<bigint>((total, amount) => total + amount, 0n)));
}

/** What the application sees when the provider says what it said in the recording. */
async function replay(recording: Recording, { openai, realtimeWs }: SessionModules): Promise<unknown[]> {
  const messages = receivedIn(recording);
  server.follows({ connected: messages });
  const log: unknown[] = [];
  const client = new realtimeWs.OpenAIRealtimeWS(
    { model: recording.request_model ?? 'gpt-realtime' },
    new openai.OpenAI({ apiKey: 'key', baseURL: `https://${server.host}/v1` }),
  );
  client.on('error', (error: Error) => log.push([error.constructor.name, error.message]));
  await new Promise<void>((resolve) => {
    let count = 0;
    client.on('event', (event: unknown) => {
      log.push(event);
      count += 1;
      if (count === messages.length) resolve();
    });
  });
  client.close();
  await closed(client);
  return log;
}

describe.runIf(hasRecordings).each(COPIES)('recorded sessions through %s', (copy) => {
  it.each(recordings.map((recording) => [`${recording.provider} ${recording.id}`, recording] as const))(
    '%s',
    async (_name, recording) => {
      const [without, withIt] = [plain.get(copy), patched.get(copy)];
      if (without === undefined || withIt === undefined) throw new Error(`${copy} is not installed`);
      await telemetry.reset();
      const expected = await replay(recording, without);
      expect(telemetry.spans).toEqual([]);
      expect(await replay(recording, withIt)).toEqual(expected);
      await until(() => telemetry.spans.some(({ name }) => name.startsWith('realtime_session')), 'the session ended');
      const calls = telemetry.spans.filter(({ name }) => !name.startsWith('realtime_session'));
      const answers = calls.filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat');
      expect(
        answers.map(({ attributes }) => [
          attributes['gen_ai.response.id'],
          attributes['gen_ai.usage.input_tokens'] ?? 0,
          attributes['gen_ai.usage.output_tokens'] ?? 0,
        ]),
      ).toEqual(answersIn(recording));
      if (recording.provider !== 'openai') return;
      const { items = [] } = priceInteraction(recording, { at: Date.now(), now: Date.now() });
      expect(items.length).toBeGreaterThan(0);
      expect(sumOf(calls.map(({ attributes }) => attributes['costel.cost.usd']))).toBe(
        sumOf(items.flatMap((item) => [item.cost_usd, item.fees_usd])),
      );
    },
  );
});
