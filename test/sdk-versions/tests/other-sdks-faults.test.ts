import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { setActiveGuard, type Admission } from '../../../packages/instrumentation/src/guard/active-guard.js';
import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { collect } from '../../../packages/instrumentation/test/conformance/observe.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { loadSdk } from './load-sdk.js';
import { bedrockError, BedrockServer } from './support/bedrock-server.js';
import {
  bedrockConfig,
  CONVERSE_INPUT,
  converseJson,
  converseStream,
  INVOKE_INPUT,
  invokeJson,
  type BedrockModule,
} from './support/bedrock.js';
import { faultUses } from './support/fault-uses.js';
import { FAULTS, registerFaultyTelemetry, throwing, thrown, unregisterTelemetry } from './support/faults.js';
import {
  embedJson,
  GEMINI,
  generateJson,
  generateSse,
  googleError,
  interactionSse,
  type GenAiModule,
} from './support/google-genai.js';
import { chatJson, lines, LLAMA, notFound, type OllamaModule } from './support/ollama.js';

const faults = vi.hoisted(() => ({ failing: new Set<string>() }));

/** A module of which functions fail on demand. */
const breaking = vi.hoisted(() => async (names: readonly string[], importOriginal: () => Promise<object>) => {
  const { throwing } = await import('./support/faults.js');
  const real = (await importOriginal()) as Record<string, (...all: unknown[]) => unknown>;
  const breakable =
    (name: string) =>
    (...args: unknown[]) =>
      faults.failing.has(name) ? throwing(name) : real[name]?.(...args);
  return { ...real, ...Object.fromEntries(names.map((name) => [name, breakable(name)])) };
});

vi.mock('@costel/pricing', async (importOriginal) => {
  const support = await import('./support/faults.js');
  return support.faultyPricing(await importOriginal(), faults.failing);
});
vi.mock('../../../packages/instrumentation/src/calls/observe-iterator.js', (importOriginal) =>
  breaking(['observeIterator'], importOriginal),
);
vi.mock('../../../packages/instrumentation/src/calls/observe-readable.js', (importOriginal) =>
  breaking(['observeStreamOfClass'], importOriginal),
);
vi.mock('../../../packages/instrumentation/src/calls/open-calls.js', (importOriginal) =>
  breaking(['watchStream'], importOriginal),
);
vi.mock('../../../packages/instrumentation/src/sdks/server-of-client.js', (importOriginal) =>
  breaking(['serverOfHint'], importOriginal),
);

/** A guard that lets every call go ahead. */
const settling = (settle: () => void): Admission => ({ kind: 'allowed', reservation: { settle } });

const server = new ProviderServer();
const bedrock = new BedrockServer();
beforeAll(async () => {
  registerFaultyTelemetry(faults.failing);
  await Promise.all([server.start(), bedrock.start()]);
});
afterEach(() => {
  faults.failing.clear();
  setActiveGuard(undefined);
});
afterAll(async () => {
  unregisterTelemetry();
  await Promise.all([server.stop(), bedrock.stop()]);
});

/** A URL of its own each time, so that no host is remembered from before the fault. */
const unseen = (url: string): string => `${url}/${Math.random()}`;

const nameOf = (error: unknown): string => (error as Error).constructor.name;

/** An answer without the headers' date. */
const answer = (value: object): unknown => ({ ...value, sdkHttpResponse: undefined });

async function answers(stream: AsyncIterable<object>): Promise<unknown> {
  const { items, ...rest } = (await collect(stream)) as { items: object[] };
  return [items.map(answer), rest];
}

async function useGenAi(module: GenAiModule): Promise<unknown> {
  const client = new module.GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: unseen(server.url) } });
  server.replies(
    generateJson(),
    generateSse(),
    generateSse({ hold: true }),
    embedJson(),
    interactionSse(),
    googleError(429, 'RESOURCE_EXHAUSTED'),
  );
  const ask = { model: GEMINI, contents: 'x' };
  const first = answer(await client.models.generateContent(ask));
  const stream = await answers(await client.models.generateContentStream(ask));
  for await (const _ of await client.models.generateContentStream(ask)) break;
  const embedded = answer(await client.models.embedContent({ model: 'gemini-embedding-001', contents: 'x' }));
  const interaction = await collect(await client.interactions.create({ model: GEMINI, input: 'x', stream: true }));
  const error = await client.models.generateContent(ask).catch(nameOf);
  return { first, stream, embedded, interaction, error, requests: server.seen.length };
}

async function useBedrock(module: BedrockModule): Promise<unknown> {
  const client = new module.BedrockRuntimeClient(bedrockConfig(unseen(bedrock.url)));
  bedrock.replies(
    converseJson(),
    invokeJson(),
    converseStream(),
    converseStream({ hold: true }),
    bedrockError('ThrottlingException', 429),
  );
  const first = await client.send(new module.ConverseCommand(CONVERSE_INPUT));
  const invoked = (await client.send(new module.InvokeModelCommand(INVOKE_INPUT))).body?.transformToString();
  const streamed = new module.ConverseStreamCommand(CONVERSE_INPUT);
  const stream = await collect((await client.send(streamed)).stream ?? failingStream());
  for await (const _ of (await client.send(streamed)).stream ?? failingStream()) break;
  const error = await client.send(new module.ConverseCommand(CONVERSE_INPUT)).catch(nameOf);
  client.destroy();
  return { first, invoked, stream, error, requests: bedrock.seen.length };
}

async function* failingStream(): AsyncGenerator<object> {
  yield await Promise.reject(new Error('there is no stream'));
}

async function useOllama(module: OllamaModule): Promise<unknown> {
  const client = new module.Ollama({ host: unseen(server.url) });
  const ask = () => ({ model: LLAMA, messages: [{ role: 'user', content: 'x' }] });
  server.replies(chatJson(), lines(), lines({ hold: true }), notFound());
  const first = await client.chat(ask());
  const stream = await collect(await client.chat({ ...ask(), stream: true }));
  for await (const _ of await client.chat({ ...ask(), stream: true })) break;
  const error = await client.chat(ask()).catch(nameOf);
  return { first, stream, error, requests: server.seen.length };
}

interface Use {
  readonly copy: string;
  /** Loads a copy of its own each time, and so a recorder, whose instruments are made while the fault holds. */
  readonly run: (instrument: <Module>(module: Module) => Module) => Promise<unknown>;
}

const USES: readonly Use[] = [
  {
    copy: 'google-genai-3',
    run: (instrument) => useGenAi(instrument(loadSdk('google-genai-3', '@google/genai', true) as GenAiModule)),
  },
  {
    copy: 'bedrock-3',
    run: (instrument) =>
      useBedrock(instrument(loadSdk('bedrock-3', '@aws-sdk/client-bedrock-runtime', true) as BedrockModule)),
  },
  {
    copy: 'ollama-0',
    run: (instrument) => useOllama(instrument(loadSdk('ollama-0', 'ollama', true) as OllamaModule)),
  },
  ...faultUses(server).map(({ copy, load, use }): Use => ({ copy, run: (instrument) => use(load(instrument)) })),
];

/** What every SDK leans on, whichever way it is listened to; a tool's span has no usage and no price. */
const NEEDED = ['startSpan', 'span.setAttribute', 'span.end', 'context.with'] as const;
const NEEDED_BY_CALLS = [...NEEDED, 'priceCall', 'record'] as const;

const reached = new Map(USES.map(({ copy }) => [copy, new Set<string>()]));

describe.each(USES)('trouble inside the instrumentation changes nothing of $copy', ({ copy, run }) => {
  let expected: unknown;
  beforeAll(async () => {
    expected = structuredClone(await run((module) => module));
  });
  const patched = () => run((module) => instrumentModule(module, { captureContent: 'span' }));

  it('nothing throws', async () => {
    expect(await patched()).toEqual(expected);
  });

  it.each(FAULTS)('%s throws', async (fault) => {
    thrown.clear();
    faults.failing.add(fault);
    if (fault === 'guard.admit') setActiveGuard({ admit: () => throwing(fault) });
    if (fault === 'guard.settle') setActiveGuard({ admit: () => settling(() => throwing(fault)) });
    expect(await patched()).toEqual(expected);
    for (const name of thrown) reached.get(copy)?.add(name);
    expect([...thrown].filter((name) => name !== fault)).toEqual([]);
  });

  it('everything throws', async () => {
    for (const fault of FAULTS) faults.failing.add(fault);
    expect(await patched()).toEqual(expected);
  });

  it('what it leans on has thrown', () => {
    const needed = copy === 'mcp-1' ? NEEDED : NEEDED_BY_CALLS;
    expect(needed.filter((fault) => reached.get(copy)?.has(fault) !== true)).toEqual([]);
  });
});

it('every fault has been run into', () => {
  const all = new Set([...reached.values()].flatMap((names) => [...names]));
  expect(FAULTS.filter((fault) => !all.has(fault))).toEqual([]);
});
