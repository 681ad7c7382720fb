import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { instrumentModule, withCostAttribution } from '../../../packages/instrumentation/src/index.js';
import { chatBody } from '../../../packages/instrumentation/test/support/openai-replies.js';
import { json, ProviderServer, text } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { formatPicoUsd, priceCall, type Usage } from '../../../packages/pricing/src/index.js';
import { loadSdk } from './load-sdk.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
const directory = mkdtempSync(join(tmpdir(), 'costel-batch-files-'));
const CREATED_MS = Date.parse('2026-11-20T10:00:00Z');
const ENDED_MS = Date.parse('2026-11-20T10:30:00Z');

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  rmSync(directory, { recursive: true });
  await server.stop();
});

/** How an application looks at a batch and reads the file of its results, by SDK. */
interface BatchSdk {
  readonly copy: string;
  readonly moduleName: string;
  readonly provider: string;
  readonly model: string;
  readonly usage: Usage;
  /** What looking at the batch answers. */
  readonly batch: (file: string) => object;
  readonly look: (client: never) => Promise<unknown>;
  /** The answer to one request. */
  readonly line: (name: string, id: string) => object;
  readonly failed: object;
  readonly read: (client: never, file: string) => Promise<string>;
  readonly clientOf: (module: never) => object;
}

const CHAT_USAGE = { input: 176, cache_read: 1024, output: 100, reasoning: 200 };

interface GeneratedClient {
  readonly batches: { retrieve(id: string): Promise<unknown> };
  readonly files: { content(id: string): Promise<Response> };
}

const generated = (copy: string, moduleName: string, provider: string, model: string): BatchSdk => ({
  copy,
  moduleName,
  provider,
  model,
  usage: CHAT_USAGE,
  batch: (file) => ({
    id: 'batch_1',
    status: 'completed',
    output_file_id: file,
    created_at: provider === 'groq' ? CREATED_MS / 1000 : '2026-11-20T10:00:00Z',
    completed_at: provider === 'groq' ? ENDED_MS / 1000 : '2026-11-20T10:30:00Z',
  }),
  look: async (client: GeneratedClient) => client.batches.retrieve('batch_1'),
  line: (name, id) => ({
    id: `batch_req_${name}`,
    custom_id: name,
    response: { status_code: 200, request_id: 'r', body: { ...chatBody(), id, model } },
    error: null,
  }),
  failed: { id: 'batch_req_x', custom_id: 'x', response: { status_code: 400, body: { error: {} } }, error: null },
  read: async (client: GeneratedClient, file) => (await client.files.content(file)).text(),
  clientOf: ({ default: Client }: { default: new (options: object) => object }) =>
    new Client({ apiKey: 'key', baseURL: server.url, maxRetries: 0 }),
});

interface MistralClient {
  readonly batch: { readonly jobs: { get(request: object): Promise<unknown> } };
  readonly files: { download(request: object): Promise<ReadableStream<Uint8Array>> };
}

const mistral = (copy: string): BatchSdk => ({
  copy,
  moduleName: '@mistralai/mistralai',
  provider: 'mistral_ai',
  model: 'mistral-small-latest',
  usage: { input: 70, cache_read: 30, output: 10 },
  batch: (file) => mistralJob({ output_file: file }),
  look: async (client: MistralClient) => client.batch.jobs.get({ jobId: 'job-1' }),
  line: (name, id) => ({
    id: `batch-${name}`,
    custom_id: name,
    response: {
      status_code: 200,
      body: {
        id,
        object: 'chat.completion',
        model: 'mistral-small-latest',
        usage: {
          prompt_tokens: 100,
          completion_tokens: 10,
          total_tokens: 110,
          prompt_tokens_details: { cached_tokens: 30 },
        },
        choices: [{ index: 0, message: { role: 'assistant', content: 'four' }, finish_reason: 'stop' }],
      },
    },
    error: null,
  }),
  failed: { id: 'batch-x', custom_id: 'x', response: { status_code: 422, body: {} }, error: null },
  read: async (client: MistralClient, file) => new Response(await client.files.download({ fileId: file })).text(),
  clientOf: ({ Mistral }: { Mistral: new (options: object) => object }) =>
    new Mistral({ apiKey: 'key', serverURL: server.url, retryConfig: { strategy: 'none' } }),
});

function mistralJob(more: object): object {
  return {
    id: 'job-1',
    object: 'batch',
    input_files: [],
    endpoint: '/v1/chat/completions',
    model: 'mistral-small-latest',
    errors: [],
    status: 'SUCCESS',
    created_at: CREATED_MS / 1000,
    completed_at: ENDED_MS / 1000,
    total_requests: 3,
    completed_requests: 3,
    succeeded_requests: 2,
    failed_requests: 1,
    ...more,
  };
}

interface GoogleClient {
  readonly batches: { get(parameters: object): Promise<unknown> };
  readonly files: { download(parameters: object): Promise<void> };
}

const google = (copy: string): BatchSdk => ({
  copy,
  moduleName: '@google/genai',
  provider: 'gcp.gemini',
  model: 'gemini-2.5-flash',
  usage: { input: 100, output: 10 },
  batch: (file) => ({
    name: 'batches/1',
    metadata: {
      name: 'batches/1',
      model: 'models/gemini-2.5-flash',
      state: 'BATCH_STATE_SUCCEEDED',
      createTime: '2026-11-20T10:00:00Z',
      endTime: '2026-11-20T10:30:00Z',
      output: { responsesFile: `files/${file}` },
    },
    done: true,
  }),
  look: async (client: GoogleClient) => client.batches.get({ name: 'batches/1' }),
  line: (name, id) => ({
    key: name,
    response: {
      responseId: id,
      modelVersion: 'gemini-2.5-flash',
      candidates: [{ content: { role: 'model', parts: [{ text: 'four' }] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 110 },
    },
  }),
  failed: { key: 'x', error: { code: 3, message: 'bad' } },
  read: async (client: GoogleClient, file) => {
    const downloadPath = join(directory, file);
    await client.files.download({ file: `files/${file}`, downloadPath });
    return readFileSync(downloadPath, 'utf8');
  },
  clientOf: ({ GoogleGenAI }: { GoogleGenAI: new (options: object) => object }) =>
    new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: server.url } }),
});

const SDKS: readonly BatchSdk[] = [
  generated('groq-0', 'groq-sdk', 'groq', 'llama-3.3-70b-versatile'),
  generated('groq-1', 'groq-sdk', 'groq', 'llama-3.3-70b-versatile'),
  generated('together-0', 'together-ai', 'together', 'meta-llama/Llama-3.3-70B-Instruct-Turbo'),
  mistral('mistral-1'),
  mistral('mistral-2'),
  google('google-genai-2'),
  google('google-genai-3'),
];

/** What a call of a batch costs; each of these models has a price in batches. */
function priceOf({ provider, model, usage }: BatchSdk): string {
  const subject = { provider, requestModel: model, serviceTier: 'batch', quality: 'reported' } as const;
  const price = priceCall({ ...subject, usage, atMs: CREATED_MS });
  if (price.costPicoUsd === undefined) throw new Error(`${model} has no price: ${price.reason ?? price.status}`);
  return formatPicoUsd(price.costPicoUsd);
}

const calls = () => telemetry.spans.filter(({ attributes }) => attributes['costel.cost.status'] !== undefined);
const idsOf = () => calls().map(({ attributes }) => attributes['gen_ai.response.id']);

describe.each(SDKS)('the file of a batch’s results, of $copy', (sdk) => {
  const plain = loadSdk(sdk.copy, sdk.moduleName, true);
  const patched = instrumentModule(loadSdk(sdk.copy, sdk.moduleName, true));
  const client = (module: unknown = patched) => sdk.clientOf(module as never) as never;
  const fileOf = (name: string) => `${name}-${sdk.copy}`;
  const linesOf = (name: string) =>
    [sdk.line('first', `${fileOf(name)}-a`), sdk.failed, sdk.line('second', `${fileOf(name)}-b`)]
      .map((line) => JSON.stringify(line))
      .join('\n');
  const asFile = (name: string) => text(linesOf(name), 'application/octet-stream');

  it('is a call a line, in the batch’s time and tier, however often it is read, and the same to the application', async () => {
    const file = fileOf('read');
    server.replies(json(sdk.batch(file)), asFile('read'), asFile('read'), asFile('read'));
    await withCostAttribution({ feature: 'nightly' }, async () => {
      await sdk.look(client());
      expect(await sdk.read(client(), file)).toBe(linesOf('read'));
    });
    expect(await sdk.read(client(), file)).toBe(await sdk.read(client(plain), file));
    expect(idsOf()).toEqual([`${file}-a`, `${file}-b`]);
    for (const span of calls()) {
      expect(span.attributes).toMatchObject({
        'gen_ai.provider.name': sdk.provider,
        'gen_ai.response.model': sdk.model,
        'gen_ai.usage.output_tokens': (sdk.usage.output ?? 0) + (sdk.usage.reasoning ?? 0),
        'costel.service_tier': 'batch',
        'costel.feature': 'nightly',
      });
      expect(span.attributes['costel.cost.usd']).toBe(priceOf(sdk));
      expect(hrTimeToMilliseconds(span.startTime)).toBe(CREATED_MS);
      expect(hrTimeToMilliseconds(span.endTime)).toBe(ENDED_MS);
    }
  });

  it('is left alone where it holds anything else', async () => {
    for (const content of ['\u0000\u0001binary', 'plain text\nof two lines', '{"messages":[]}\n{"messages":[]}', '']) {
      server.replies(text(content, 'application/octet-stream'));
      expect(await sdk.read(client(), fileOf('other'))).toBe(content);
    }
    expect(calls()).toEqual([]);
  });

  it('that cannot be had fails as it would', async () => {
    server.replies(json({ error: { message: 'no such file', code: 404, status: 'NOT_FOUND' } }, { status: 404 }));
    const failure = async (module: unknown) =>
      sdk.read(client(module), fileOf('absent')).catch((error: unknown) => [String(error), Object.keys(Object(error))]);
    const expected = await failure(plain);
    expect(await failure(patched)).toEqual(expected);
    expect(Array.isArray(expected)).toBe(true);
  });
});

/** An ES module is loaded once a process. */
const LOADED_ANEW = SDKS.filter(({ copy }) => copy !== 'mistral-2');

describe.each(LOADED_ANEW)('the file of a batch’s results, of $copy', (sdk) => {
  it('read in another process, which never looked at the batch, is the same calls to the ledger', async () => {
    const file = `shared-${sdk.copy}`;
    const lines = [sdk.line('first', `${file}-a`), sdk.line('second', `${file}-b`)];
    server.replies(text(lines.map((line) => JSON.stringify(line)).join('\n'), 'application/octet-stream'));
    const readAnew = async (instrument: typeof instrumentModule) =>
      sdk.read(sdk.clientOf(instrument(loadSdk(sdk.copy, sdk.moduleName, true)) as never) as never, file);
    await readAnew(instrumentModule);
    vi.resetModules();
    const other = await import('../../../packages/instrumentation/src/index.js');
    await readAnew(other.instrumentModule);
    const identities = calls().map((span) => [span.spanContext().traceId, span.attributes['gen_ai.response.id']]);
    expect(identities).toHaveLength(4);
    expect(identities.slice(2)).toEqual(identities.slice(0, 2));
  });
});

describe.each(['mistral-1', 'mistral-2'])('a batch of %s that holds its results itself', (copy) => {
  it('is a call for each when it is looked at, and not again for its file', async () => {
    const sdk = mistral(copy);
    const module = instrumentModule(loadSdk(copy, sdk.moduleName, true));
    const client = sdk.clientOf(module as never) as never;
    const outputs = [sdk.line('first', `${copy}-inline-a`), sdk.failed, sdk.line('second', `${copy}-inline-b`)];
    const file = outputs.map((line) => JSON.stringify(line)).join('\n');
    server.replies(
      json(mistralJob({ outputs })),
      json(mistralJob({ outputs })),
      text(file, 'application/octet-stream'),
    );
    await sdk.look(client);
    await sdk.look(client);
    await sdk.read(client, 'inline-file');
    expect(idsOf()).toEqual([`${copy}-inline-a`, `${copy}-inline-b`]);
    expect(calls().map(({ attributes }) => attributes['costel.cost.usd'])).toEqual([priceOf(sdk), priceOf(sdk)]);
  });
});
