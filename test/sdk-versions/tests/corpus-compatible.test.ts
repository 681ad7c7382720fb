import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmInstrumentations, withCostAttribution } from '../../../packages/instrumentation/src/index.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { billedOf, costProblem, hasTokens, usageProblem, type SpanSeen } from '../../e2e/corpus/check-span.js';
import { hasRecordings, readRecordings, type Recording } from '../../e2e/corpus/recordings.js';
import { RECORDING_HEADER, startReplayServer, type ReplayServer } from '../../e2e/corpus/replay-server.js';
import { SESSION_COPIES, type SessionCopy } from './openai-sessions.js';
import { COMPATIBLE_BASE_URLS, COMPATIBLE_METHODS, isCompatible, isOfOwnSdk } from './support/corpus-selectors.js';
import { loadFresh, STAINLESS_SDKS, type StainlessSdk } from './stainless-sdks.js';

type Call = (body: Readonly<Record<string, unknown>>, options: Readonly<Record<string, unknown>>) => Promise<unknown>;

type ClientClass = new (options: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

interface Source {
  readonly name: string;
  readonly providers: readonly string[];
  readonly baseUrlOf: (provider: string) => string | undefined;
  readonly replays: (recording: Recording) => boolean;
  readonly load: () => ClientClass;
}

const loadOpenAi = (copy: SessionCopy) => (): ClientClass => {
  const require = createRequire(`${SESSION_COPIES[copy]}package.json`);
  for (const file of Object.keys(require.cache)) {
    if (file.includes('/node_modules/openai/')) Reflect.deleteProperty(require.cache, file);
  }
  return (require('openai') as { readonly OpenAI: ClientClass }).OpenAI;
};

const SOURCES: readonly Source[] = [
  ...(Object.keys(SESSION_COPIES) as SessionCopy[]).map((copy) => ({
    name: copy,
    providers: Object.keys(COMPATIBLE_BASE_URLS),
    baseUrlOf: (provider: string) => COMPATIBLE_BASE_URLS[provider],
    replays: isCompatible,
    load: loadOpenAi(copy),
  })),
  ...STAINLESS_SDKS.map((sdk: StainlessSdk) => ({
    name: sdk.copy,
    providers: [sdk.provider],
    baseUrlOf: () => undefined,
    replays: isOfOwnSdk,
    load: () => loadFresh(sdk).default as unknown as ClientClass,
  })),
];

if (!hasRecordings) console.info('corpus: ../shared/data/payloads is absent, the recordings are not replayed');

let server: ReplayServer;
const telemetry = new Telemetry();
const plain = new Map(SOURCES.map(({ name, load }) => [name, load()]));
const [instrumentation] = llmInstrumentations();
const patched = new Map(SOURCES.map(({ name, load }) => [name, load()]));

const recordingsOf = ({ providers, replays }: Source): Recording[] => providers.flatMap(readRecordings).filter(replays);

beforeAll(async () => {
  const all = hasRecordings ? [...new Set(SOURCES.flatMap(({ providers }) => providers))].flatMap(readRecordings) : [];
  server = await startReplayServer(all);
});
afterAll(async () => {
  instrumentation?.disable();
  telemetry.stop();
  await server.close();
});

function bodyOf({ request, response, stream, request_model: asked, response_model: answered }: Recording) {
  const sent: unknown = request?.body;
  const parsed: unknown = typeof sent === 'string' && sent.startsWith('{') ? JSON.parse(sent) : sent;
  const isStream = response.body_kind === 'sse' || stream;
  return {
    model: asked ?? answered ?? 'unknown',
    messages: [],
    ...(typeof parsed === 'object' ? parsed : {}),
    ...(isStream ? { stream: true } : {}),
  };
}

/** What the application sees: the value, every chunk of a stream, or the error. */
async function replay(source: Source, Client: ClientClass, recording: Recording): Promise<unknown> {
  const client = new Client({
    apiKey: 'key',
    maxRetries: 0,
    baseURL: source.baseUrlOf(recording.provider),
    fetch: (url: unknown, init: RequestInit) => fetch(`${server.url}${new URL(String(url)).pathname}`, init),
  });
  try {
    const [method = '', ...path] = [...(COMPATIBLE_METHODS[recording.api] ?? [])].reverse();
    const resource = path.reverse().reduce<unknown>((at, name) => Reflect.get(at as object, name), client) as object;
    const call = (Reflect.get(resource, method) as Call).bind(resource);
    const answer = await call(bodyOf(recording), { headers: { [RECORDING_HEADER]: recording.id } });
    if (typeof answer !== 'object' || answer === null || !(Symbol.asyncIterator in answer)) return { answer };
    const chunks: unknown[] = [];
    for await (const chunk of answer as AsyncIterable<unknown>) chunks.push(chunk);
    return { classes: answer.constructor.name, chunks };
  } catch (error) {
    const { constructor, message, status, code } = error as Error & { status?: unknown; code?: unknown };
    return { error: { class: constructor.name, message, status, code } };
  }
}

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

describe.runIf(hasRecordings).each(SOURCES)('recorded answers through $name', (source) => {
  const spans = new Map<string, SpanSeen[]>();
  const different: string[] = [];

  beforeAll(async () => {
    const [without, withIt] = [plain.get(source.name), patched.get(source.name)];
    if (without === undefined || withIt === undefined) throw new Error(`${source.name} is not installed`);
    for (const recording of recordingsOf(source)) {
      await telemetry.reset();
      const { id: tag } = recording;
      const expected = await replay(source, without, recording);
      const seen = await withCostAttribution({ tags: { recording: tag } }, () => replay(source, withIt, recording));
      if (digestOf(seen) !== digestOf(expected)) different.push(`${recording.provider} ${recording.api} ${tag}`);
      spans.set(
        tag,
        telemetry.spans.map(({ name, attributes }) => ({
          recording: String(attributes['costel.tag.recording'] ?? ''),
          name,
          attributes: attributes as SpanSeen['attributes'],
        })),
      );
    }
  });

  it('give the application the same with and without instrumentation', () => {
    expect(spans.size).toBeGreaterThan(0);
    expect(different).toEqual([]);
  });

  it('leave exactly one span a billed call', () => {
    const wrong = billedOf(recordingsOf(source))
      .filter(({ id }) => spans.get(id)?.length !== 1)
      .map(({ id, api }) => `${api} ${id}: ${spans.get(id)?.length ?? 0} spans`);
    expect(wrong).toEqual([]);
  });

  it('carry the usage that the recording reports', () => {
    const wrong = billedOf(recordingsOf(source))
      .filter((recording) => recording.response.status < 400 && hasTokens(recording))
      .flatMap((recording) => usageProblem(recording, spans.get(recording.id)?.[0]));
    expect(wrong).toEqual([]);
  });

  it('carry the cost on which the catalogues agree, and none for an error', () => {
    const wrong = billedOf(recordingsOf(source)).flatMap((recording) =>
      costProblem(recording, spans.get(recording.id)?.[0]),
    );
    expect(wrong).toEqual([]);
  });
});
