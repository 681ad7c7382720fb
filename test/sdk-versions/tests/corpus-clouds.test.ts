import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { instrumentModule, withCostAttribution } from '../../../packages/instrumentation/src/index.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { costProblem, hasTokens, usageProblem, type SpanSeen } from '../../e2e/corpus/check-span.js';
import { hasRecordings, readRecordings, type Recording } from '../../e2e/corpus/recordings.js';
import { RECORDING_HEADER, startReplayServer, type ReplayServer } from '../../e2e/corpus/replay-server.js';
import { loadSdk } from './load-sdk.js';
import { isBedrock, isGoogle, isNewCache, isOllama, isVideoStart } from './support/corpus-selectors.js';
import { bedrockConfig, type BedrockModule, type BedrockOutput } from './support/bedrock.js';
import type { GenAiModule } from './support/google-genai.js';
import type { OllamaModule } from './support/ollama.js';

/** One SDK, and the recordings that its methods can ask for. */
interface Source {
  readonly copy: string;
  readonly moduleName: string;
  readonly providers: readonly string[];
  readonly canReplay: (recording: Recording) => boolean;
  /** True where the SDK hands on the usage that the answer states. */
  readonly keepsUsage: (recording: Recording) => boolean;
  readonly replay: (module: unknown, recording: Recording) => Promise<unknown>;
}

const body = (recording: Recording): Record<string, unknown> => {
  const sent: unknown = recording.request?.body;
  if (typeof sent !== 'string') return (sent ?? {}) as Record<string, unknown>;
  try {
    return JSON.parse(sent) as Record<string, unknown>;
  } catch {
    // Some were stored with their quotes lost; what was asked does not matter to the answer.
    return {};
  }
};

const modelOf = ({ request_model: asked, response_model: answered }: Recording): string =>
  asked ?? answered ?? 'unknown';

const isStream = ({ response }: Recording): boolean => ['sse', 'eventstream', 'ndjson'].includes(response.body_kind);

/** A video or an interaction in the background stays open until an application sees its end, which none of these does. */
const isUnderWay = (recording: Recording): boolean => isVideoStart(recording) || isOpenInteraction(recording);

const isOpenInteraction = ({ response }: Recording): boolean =>
  response.body_kind === 'json' && /"object":\s*"interaction"/.test(response.body ?? '')
    ? (JSON.parse(response.body ?? '') as { status?: unknown }).status === 'in_progress'
    : false;

/** An answer without the HTTP headers that the SDK of Google puts beside it: their date differs. */
const plainAnswer = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? { ...value, sdkHttpResponse: undefined } : value;

async function chunksOf(stream: AsyncIterable<unknown> | undefined): Promise<unknown[]> {
  const chunks: unknown[] = [];
  if (stream === undefined) throw new Error('there is no stream');
  for await (const chunk of stream) chunks.push(plainAnswer(chunk));
  return chunks;
}

async function replayGoogle(module: GenAiModule, recording: Recording): Promise<unknown> {
  const { api, provider, id } = recording;
  const client = new module.GoogleGenAI({
    apiKey: 'key',
    vertexai: provider === 'google_vertex',
    httpOptions: { baseUrl: server.url, headers: { [RECORDING_HEADER]: id } },
  });
  const model = modelOf(recording);
  const contents = body(recording)['contents'] ?? 'x';
  if (isVideoStart(recording)) {
    const { instances, parameters } = body(recording) as { instances?: { prompt?: string }[]; parameters?: object };
    return client.models.generateVideos({ model, prompt: instances?.[0]?.prompt ?? 'x', config: parameters });
  }
  if (isNewCache(recording))
    return plainAnswer(await client.caches.create({ model, config: { contents: 'x', ttl: '300s' } }));
  if (api === 'interactions') {
    const input = body(recording)['input'] ?? 'x';
    return isStream(recording)
      ? chunksOf(await client.interactions.create({ model, input, stream: true }))
      : plainAnswer(await client.interactions.create({ model, input }));
  }
  if (api !== 'generateContent') return plainAnswer(await client.models.embedContent({ model, contents: 'x' }));
  return isStream(recording)
    ? chunksOf(await client.models.generateContentStream({ model, contents }))
    : plainAnswer(await client.models.generateContent({ model, contents }));
}

const { NodeHttpHandler } = loadSdk('bedrock-3', '@smithy/node-http-handler') as {
  readonly NodeHttpHandler: new () => object;
};

async function replayBedrock(module: BedrockModule, recording: Recording): Promise<unknown> {
  const client = new module.BedrockRuntimeClient({
    ...bedrockConfig(server.url),
    requestHandler: new NodeHttpHandler(),
  });
  client.middlewareStack.add(
    (next: (args: unknown) => unknown) => (args: { readonly request: { headers: Record<string, string> } }) => {
      args.request.headers[RECORDING_HEADER] = recording.id;
      return next(args);
    },
    { step: 'build' },
  );
  try {
    return await sendToBedrock(module, recording, (command) => client.send(command));
  } finally {
    client.destroy();
  }
}

async function sendToBedrock(
  module: BedrockModule,
  recording: Recording,
  send: (command: InstanceType<BedrockModule['ConverseCommand']>) => Promise<BedrockOutput>,
): Promise<unknown> {
  const modelId = modelOf(recording);
  if (recording.api === 'converse') {
    const input = { modelId, messages: body(recording)['messages'] ?? [] };
    if (isStream(recording)) return chunksOf((await send(new module.ConverseStreamCommand(input))).stream);
    const { $metadata: _metadata, ...output } = await send(new module.ConverseCommand(input));
    return output;
  }
  const input = { modelId, body: JSON.stringify(body(recording)) };
  if (isStream(recording)) return chunksOf((await send(new module.InvokeModelWithResponseStreamCommand(input))).body);
  return (await send(new module.InvokeModelCommand(input))).body?.transformToString();
}

async function replayOllama(module: OllamaModule, recording: Recording): Promise<unknown> {
  const config = { host: server.url, headers: { [RECORDING_HEADER]: recording.id } };
  const client = new module.Ollama(config);
  const { messages = [], prompt = 'x' } = body(recording) as {
    messages?: { role: string; content: string }[];
    prompt?: string;
  };
  const model = modelOf(recording);
  if (recording.api === 'ollama.chat')
    return isStream(recording)
      ? chunksOf(await client.chat({ model, messages, stream: true }))
      : client.chat({ model, messages });
  return isStream(recording)
    ? chunksOf(await client.generate({ model, prompt, stream: true }))
    : client.generate({ model, prompt });
}

const google = (copy: string): Source => ({
  copy,
  moduleName: '@google/genai',
  providers: ['google', 'google_vertex'],
  // Version 3 makes videos on Vertex AI alone.
  canReplay: (recording) => isGoogle(recording) && !(copy === 'google-genai-3' && isVideoStart(recording)),
  keepsUsage: ({ api }) => !(copy === 'google-genai-2' && api === 'embedContent'),
  replay: (module, recording) => replayGoogle(module as GenAiModule, recording),
});

const SOURCES: readonly Source[] = [
  google('google-genai-3'),
  google('google-genai-2'),
  {
    copy: 'bedrock-3',
    moduleName: '@aws-sdk/client-bedrock-runtime',
    providers: ['bedrock'],
    canReplay: isBedrock,
    keepsUsage: () => true,
    replay: (module, recording) => replayBedrock(module as BedrockModule, recording),
  },
  {
    copy: 'ollama-0',
    moduleName: 'ollama',
    providers: ['ollama'],
    canReplay: isOllama,
    keepsUsage: () => true,
    replay: (module, recording) => replayOllama(module as OllamaModule, recording),
  },
];

if (!hasRecordings) console.info('corpus: ../shared/data/payloads is absent, the recordings are not replayed');

let server: ReplayServer;
const telemetry = new Telemetry();

beforeAll(async () => {
  for (const level of ['warn', 'debug'] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
  const providers = [...new Set(SOURCES.flatMap((source) => source.providers))];
  server = await startReplayServer(hasRecordings ? providers.flatMap(readRecordings) : []);
});
afterAll(async () => {
  telemetry.stop();
  await server.close();
});

/** What the application sees: the value, every chunk of a stream, or the error. */
async function replay(source: Source, module: unknown, recording: Recording): Promise<unknown> {
  try {
    return { answer: await source.replay(module, recording) };
  } catch (error) {
    const { constructor, message, name } = error as Error;
    return { error: { class: constructor.name, message: message.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST'), name } };
  }
}

/** The catalogues' tools price Vertex AI's flexible tier as the standard one; its list price is half of that. */
function atItsTier(recording: Recording): Recording {
  const { expected, response } = recording;
  if (response.body?.includes('ON_DEMAND_FLEX') !== true || expected?.usd === undefined) return recording;
  return { ...recording, expected: { agree: true, usd: expected.usd / 2 } };
}

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

describe.runIf(hasRecordings).each(SOURCES)('recorded answers through $copy', (source) => {
  const recordings = hasRecordings ? source.providers.flatMap(readRecordings).filter(source.canReplay) : [];
  const spans = new Map<string, SpanSeen[]>();
  const different: string[] = [];
  const unread: string[] = [];

  beforeAll(async () => {
    const plain = loadSdk(source.copy, source.moduleName, true);
    const patched = instrumentModule(loadSdk(source.copy, source.moduleName, true));
    for (const recording of recordings) {
      await telemetry.reset();
      const { id } = recording;
      const expected = await replay(source, plain, recording);
      const seen = await withCostAttribution({ tags: { recording: id } }, () => replay(source, patched, recording));
      if (digestOf(seen) !== digestOf(expected)) different.push(`${recording.provider} ${recording.api} ${id}`);
      const { error } = expected as { error?: unknown };
      if (error !== undefined && recording.response.status < 400)
        unread.push(`${recording.api} ${id} ${JSON.stringify(error)}`);
      spans.set(
        id,
        telemetry.spans.map(({ name, attributes }) => ({
          recording: String(attributes['costel.tag.recording'] ?? ''),
          name,
          attributes: attributes as SpanSeen['attributes'],
        })),
      );
    }
  });

  it('are answers that the SDK can read', () => {
    expect(recordings.length).toBeGreaterThan(10);
    expect(unread).toEqual([]);
  });

  it('give the application the same with and without instrumentation', () => {
    expect(different).toEqual([]);
  });

  it('leave exactly one span a call, and none of one that goes on in the background', () => {
    const wrong = recordings
      .filter((recording) => spans.get(recording.id)?.length !== (isUnderWay(recording) ? 0 : 1))
      .map(({ id, api }) => `${api} ${id}: ${spans.get(id)?.length ?? 0} spans`);
    expect(wrong).toEqual([]);
  });

  it('carry the usage that the recording reports', () => {
    const wrong = recordings
      .filter((recording) => recording.response.status < 400 && hasTokens(recording) && source.keepsUsage(recording))
      .flatMap((recording) => usageProblem(recording, spans.get(recording.id)?.[0]));
    expect(wrong).toEqual([]);
  });

  it('carry the cost on which the catalogues agree, and none for an error', () => {
    const wrong = recordings
      .filter(source.keepsUsage)
      .flatMap((recording) => costProblem(atItsTier(recording), spans.get(recording.id)?.[0]));
    expect(wrong).toEqual([]);
  });
});
