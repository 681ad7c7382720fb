import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instrumentModule, withCostAttribution } from '../../../packages/instrumentation/src/index.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { costProblem, hasTokens, usageProblem, type SpanSeen } from '../../e2e/corpus/check-span.js';
import { hasRecordings, readRecordings, type Recording } from '../../e2e/corpus/recordings.js';
import { RECORDING_HEADER, startReplayServer, type ReplayServer } from '../../e2e/corpus/replay-server.js';
import { loadSdk } from './load-sdk.js';
import { isCohere, isMistral, isMistralSpeech } from './support/corpus-selectors.js';

type Method = (request: object, options: object) => Promise<unknown>;

/** One SDK, and the recordings that its methods can ask for. */
interface Source {
  readonly copy: string;
  readonly moduleName: string;
  readonly provider: string;
  readonly canReplay: (recording: Recording) => boolean;
  readonly replay: (module: unknown, recording: Recording) => Promise<unknown>;
}

let server: ReplayServer;
const telemetry = new Telemetry();

const pathOf = ({ request }: Recording): string => (request === null ? '' : new URL(request.url).pathname);
const modelOf = ({ request_model: asked, response_model: answered }: Recording): string =>
  asked ?? answered ?? 'unknown';
const isStream = ({ response }: Recording): boolean => ['sse', 'ndjson'].includes(response.body_kind);

async function seen(answer: unknown): Promise<unknown> {
  if (typeof answer !== 'object' || answer === null || !(Symbol.asyncIterator in answer)) return answer;
  const chunks: unknown[] = [];
  for await (const chunk of answer as AsyncIterable<unknown>) chunks.push(chunk);
  return chunks;
}

interface MistralClient {
  readonly chat: { readonly complete: Method; readonly stream: Method };
  readonly embeddings: { readonly create: Method };
  readonly ocr: { readonly process: Method };
  readonly audio: {
    readonly transcriptions: { readonly complete: Method };
    /** Of version 2 on. */
    readonly speech?: { readonly complete: Method };
  };
}

/** The text that was to be spoken, which is what is billed. */
function textOf({ request }: Recording): unknown {
  const body: unknown = typeof request?.body === 'string' ? JSON.parse(request.body) : request?.body;
  return (body as { readonly input?: unknown }).input;
}

async function replayMistral(module: unknown, recording: Recording): Promise<unknown> {
  const { Mistral } = module as { Mistral: new (options: object) => MistralClient };
  const client = new Mistral({ apiKey: 'key', serverURL: server.url, retryConfig: { strategy: 'none' } });
  const headers = { [RECORDING_HEADER]: recording.id };
  const options = { headers, fetchOptions: { headers } };
  const model = modelOf(recording);
  const document = { type: 'document_url', documentUrl: 'https://x.invalid/a' };
  switch (recording.api) {
    case 'embeddings':
      return client.embeddings.create({ model, inputs: ['x'] }, options);
    case 'ocr':
      return client.ocr.process({ model, document }, options);
    case 'audio':
      if (isMistralSpeech(recording))
        return client.audio.speech?.complete({ model, input: textOf(recording), voiceId: 'v' }, options);
      return client.audio.transcriptions.complete({ model, fileUrl: 'https://x.invalid/a' }, options);
    default: {
      const request = { model, messages: [{ role: 'user', content: 'x' }] };
      return isStream(recording)
        ? seen(await client.chat.stream(request, options))
        : client.chat.complete(request, options);
    }
  }
}

interface CohereClient {
  readonly chat: Method;
  readonly chatStream: Method;
  readonly embed: Method;
  readonly rerank: Method;
  readonly generate: Method;
  readonly generateStream: Method;
}

/** The first version names its answer otherwise; some recordings have no request to tell by. */
const isFirstVersion = (recording: Recording): boolean =>
  pathOf(recording).startsWith('/v1') || /"generation_id"/.test(recording.response.body ?? '');

async function replayCohere(module: unknown, recording: Recording): Promise<unknown> {
  const { CohereClient, CohereClientV2 } = module as Record<string, new (options: object) => CohereClient>;
  const isFirst = isFirstVersion(recording);
  const Client = isFirst ? CohereClient : CohereClientV2;
  if (Client === undefined) throw new Error('cohere-ai exports no client');
  const client = new Client({ token: 'key', environment: server.url, maxRetries: 0 });
  const options = { headers: { [RECORDING_HEADER]: recording.id } };
  const model = modelOf(recording);
  switch (recording.api) {
    case 'embed':
      return client.embed({ model, texts: ['x'], inputType: 'search_query', embeddingTypes: ['float'] }, options);
    case 'rerank':
      return client.rerank({ model, query: 'q', documents: ['x'] }, options);
    case 'generate':
      return isStream(recording)
        ? seen(await client.generateStream({ model, prompt: 'x' }, options))
        : client.generate({ model, prompt: 'x' }, options);
    default: {
      const request = isFirst ? { model, message: 'x' } : { model, messages: [{ role: 'user', content: 'x' }] };
      return isStream(recording) ? seen(await client.chatStream(request, options)) : client.chat(request, options);
    }
  }
}

const mistral = (copy: string): Source => ({
  copy,
  moduleName: '@mistralai/mistralai',
  provider: 'mistral',
  canReplay: (recording) => isMistral(recording) && (copy !== 'mistral-1' || !isMistralSpeech(recording)),
  replay: replayMistral,
});
const cohere = (copy: string): Source => ({
  copy,
  moduleName: 'cohere-ai',
  provider: 'cohere',
  canReplay: isCohere,
  replay: replayCohere,
});

const SOURCES: readonly Source[] = [mistral('mistral-1'), mistral('mistral-2'), cohere('cohere-7'), cohere('cohere-8')];

if (!hasRecordings) console.info('corpus: ../shared/data/payloads is absent, the recordings are not replayed');

beforeAll(async () => {
  const providers = hasRecordings ? [...new Set(SOURCES.map(({ provider }) => provider))] : [];
  server = await startReplayServer(providers.flatMap(readRecordings));
});
afterAll(async () => {
  telemetry.stop();
  await server.close();
});

/** What the application sees, as text: the value, every chunk of a stream, or the error. */
async function replay(source: Source, module: unknown, recording: Recording): Promise<string> {
  try {
    return JSON.stringify({ answer: await source.replay(module, recording) });
  } catch (error) {
    const { constructor, message } = error as Error;
    return JSON.stringify({ error: constructor.name, message: message.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST') });
  }
}

describe.runIf(hasRecordings).each(SOURCES)('recorded answers through $copy', (source) => {
  const recordings = hasRecordings ? readRecordings(source.provider).filter(source.canReplay) : [];
  const spans = new Map<string, SpanSeen[]>();
  const expected = new Map<string, string>();
  const different: string[] = [];

  /** The SDK may refuse an answer that its schema does not know: an error for the application, with and without us. */
  const wasRead = ({ id }: Recording): boolean => expected.get(id)?.startsWith('{"answer"') === true;

  beforeAll(async () => {
    const module = loadSdk(source.copy, source.moduleName);
    for (const recording of recordings) expected.set(recording.id, await replay(source, module, recording));
    const patched = instrumentModule(module);
    for (const recording of recordings) {
      await telemetry.reset();
      const { id } = recording;
      const told = await withCostAttribution({ tags: { recording: id } }, () => replay(source, patched, recording));
      if (told !== expected.get(id)) different.push(`${recording.api} ${id}`);
      const tell = ({ name, attributes }: (typeof telemetry.spans)[number]): SpanSeen => ({
        recording: id,
        name,
        attributes: attributes as SpanSeen['attributes'],
      });
      spans.set(id, telemetry.spans.map(tell));
    }
  });

  it('are answers that the SDK can read', () => {
    const unread = recordings.filter((recording) => recording.response.status < 400 && !wasRead(recording));
    expect(recordings.length).toBeGreaterThan(80);
    expect(unread.map(({ id, api }) => `${api} ${id} ${expected.get(id)?.slice(0, 200) ?? ''}`)).toEqual([]);
  });

  it('give the application the same with and without instrumentation', () => {
    expect(different).toEqual([]);
  });

  it('leave exactly one span a call', () => {
    expect(recordings.filter(({ id }) => spans.get(id)?.length !== 1).map(({ id, api }) => `${api} ${id}`)).toEqual([]);
  });

  it('carry the usage that the recording reports', () => {
    const wrong = recordings
      // The tokens of sound are counted beside those of the prompt, and the recording's total leaves them out.
      .filter((recording) => wasRead(recording) && hasTokens(recording) && recording.api !== 'audio')
      .flatMap((recording) => usageProblem(recording, spans.get(recording.id)?.[0]));
    expect(wrong).toEqual([]);
  });

  it('carry the cost on which the catalogues agree, and none for an error', () => {
    const wrong = recordings
      .filter((recording) => wasRead(recording) || recording.response.status >= 400)
      .flatMap((recording) => costProblem(recording, spans.get(recording.id)?.[0]));
    expect(wrong).toEqual([]);
  });
});
