import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { INPUT_BUCKETS, OUTPUT_BUCKETS } from '@costel/pricing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRecordings, readRecordings, type Recording } from './recordings.js';
import { startReplayServer, type ReplayServer } from './replay-server.js';

/** Recorded over a web socket, not by an HTTP call that a client method makes. */
const isHttp = (recording: Recording): boolean => recording.response.body_kind !== 'ws-frames-ndjson';

/** The APIs whose calls are instrumented and billed by tokens. */
const BILLED = new Set(['chat.completions', 'responses', 'responses.compact', 'completions', 'embeddings', 'messages']);

interface SpanSeen {
  readonly recording: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

interface Run {
  readonly results: Readonly<Record<string, unknown>>;
  readonly spans: readonly SpanSeen[];
}

const sdks = [
  { folder: 'openai-6', providers: ['openai', 'azure'] },
  { folder: 'openai-7', providers: ['openai', 'azure'] },
  { folder: 'anthropic-0-133', providers: ['anthropic'] },
  { folder: 'anthropic-0', providers: ['anthropic'] },
  { folder: 'anthropic-1', providers: ['anthropic'] },
];

if (!hasRecordings) console.info('corpus: ../shared/data/payloads is absent, the recordings are not replayed');

describe.runIf(hasRecordings).each(sdks)('recorded answers through $folder', ({ folder, providers }) => {
  const outputs = mkdtempSync(join(tmpdir(), 'costel-corpus-'));
  let server: ReplayServer;
  let recordings: Recording[];
  let plain: Run;
  let observed: Run;
  let spans: Map<string, SpanSeen[]>;

  beforeAll(async () => {
    recordings = providers.flatMap(readRecordings).filter(isHttp);
    server = await startReplayServer(recordings);
    plain = await replay(folder, server.url, 'without', recordings, outputs);
    observed = await replay(folder, server.url, 'with', recordings, outputs);
    spans = new Map();
    for (const span of observed.spans) spans.set(span.recording, [...(spans.get(span.recording) ?? []), span]);
  });
  afterAll(async () => {
    await server.close();
    rmSync(outputs, { recursive: true, force: true });
  });

  it('give the application the same with and without instrumentation', () => {
    expect(Object.keys(plain.results).length).toBe(recordings.length);
    for (const recording of recordings) {
      expect(observed.results[recording.id], `${recording.api} ${recording.id}`).toEqual(plain.results[recording.id]);
    }
  });

  it('leave exactly one span a billed call', () => {
    const wrong = billedOf(recordings)
      .filter((recording) => spans.get(recording.id)?.length !== 1)
      .map((recording) => `${recording.api} ${recording.id}: ${spans.get(recording.id)?.length ?? 0} spans`);
    expect(wrong).toEqual([]);
  });

  it('carry the usage that the recording reports', () => {
    const wrong = billedOf(recordings)
      .filter((recording) => recording.response.status < 400 && hasTokens(recording))
      .flatMap((recording) => usageProblem(recording, spans.get(recording.id)?.[0]));
    expect(wrong).toEqual([]);
  });

  it('carry the cost on which the catalogues agree, and none for an error', () => {
    const wrong = billedOf(recordings).flatMap((recording) => costProblem(recording, spans.get(recording.id)?.[0]));
    expect(wrong).toEqual([]);
  });
});

function billedOf(recordings: readonly Recording[]): Recording[] {
  return recordings.filter(
    (recording) => BILLED.has(recording.api) && (recording.request?.method ?? 'POST') === 'POST',
  );
}

function count(recording: Recording, name: string): number {
  const value = recording.canonical_usage?.[name];
  return typeof value === 'number' ? value : 0;
}

function hasTokens(recording: Recording): boolean {
  return count(recording, 'input') + count(recording, 'output') > 0;
}

/** What the buckets add up to; a span without any says that the counts of the conventions tell all. */
function bucketSum(span: SpanSeen, buckets: readonly string[], conventionalCount: number): number {
  const counts = [...INPUT_BUCKETS, ...OUTPUT_BUCKETS].map((bucket) => span.attributes[`costel.usage.${bucket}`]);
  if (counts.every((stated) => stated === undefined)) return conventionalCount;
  return buckets.reduce((sum, bucket) => sum + Number(span.attributes[`costel.usage.${bucket}`] ?? 0), 0);
}

interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** The events of a stream, or the one answer. */
function eventsOf({ body }: Recording['response']): unknown[] {
  if (typeof body !== 'string') return [body];
  const lines = body.split('\n').filter((line) => line.startsWith('data: {'));
  return lines.length === 0 ? [JSON.parse(body)] : lines.map((line): unknown => JSON.parse(line.slice(6)));
}

/** What a compaction of the context read and wrote: billed, and left out of the totals that the recording reports. */
function compactionOf(recording: Recording): Tokens {
  if (recording.api !== 'messages') return { input: 0, output: 0 };
  const stated = eventsOf(recording.response).map(
    (event) => (event as { usage?: { iterations?: Readonly<Record<string, unknown>>[] } }).usage?.iterations,
  );
  const compactions = (stated.findLast((list) => list !== undefined && list !== null) ?? []).filter(
    ({ type }) => type === 'compaction',
  );
  const sum = (names: readonly string[]) =>
    compactions.reduce((total, part) => total + names.reduce((all, name) => all + Number(part[name] ?? 0), 0), 0);
  return {
    input: sum(['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']),
    output: sum(['output_tokens']),
  };
}

function usageProblem(recording: Recording, span: SpanSeen | undefined): string[] {
  if (!span) return [`${recording.id}: no span`];
  const compaction = compactionOf(recording);
  const input = Number(span.attributes['gen_ai.usage.input_tokens']);
  const output = Number(span.attributes['gen_ai.usage.output_tokens'] ?? 0);
  const seen = [bucketSum(span, INPUT_BUCKETS, input), bucketSum(span, OUTPUT_BUCKETS, output), input, output];
  const wantedInput = count(recording, 'input') + compaction.input;
  const wantedOutput = count(recording, 'output') + compaction.output;
  const wanted = [wantedInput, wantedOutput, wantedInput, wantedOutput];
  // Where the span is the SDK's own, it states its totals itself, without compactions; the buckets are ours and count.
  const checked = compaction.input > 0 ? 2 : wanted.length;
  return seen.slice(0, checked).every((value, index) => value === wanted[index])
    ? []
    : [`${recording.api} ${recording.id}: wanted ${wanted.join('/')}, span says ${seen.join('/')}`];
}

/** A span's cost of tokens alone: the catalogues whose agreement is the reference know no fees for searches. */
function tokenCostUsd(span: SpanSeen | undefined): number | undefined {
  const lineItems = span?.attributes['costel.cost.line_items'];
  if (span?.attributes['costel.cost.usd'] === undefined || typeof lineItems !== 'string') return undefined;
  const items = JSON.parse(lineItems) as { bucket: string; cost_usd: string }[];
  const tokens = items.filter(({ bucket }) => [...INPUT_BUCKETS, ...OUTPUT_BUCKETS].some((name) => name === bucket));
  return tokens.reduce((sum, item) => sum + Number(item.cost_usd), 0);
}

function costProblem(recording: Recording, span: SpanSeen | undefined): string[] {
  const cost = span?.attributes['costel.cost.usd'];
  if (recording.response.status >= 400) return cost === undefined ? [] : [`${recording.id}: an error costs ${cost}`];
  const { expected, provider_reported_cost_usd: reported } = recording;
  const accepted = [reported, expected?.agree === true ? expected.usd : undefined, expected?.adjudicated_usd].filter(
    (usd) => typeof usd === 'number',
  );
  if (expected?.agree !== true || accepted.length === 0) return [];
  const tokens = tokenCostUsd(span);
  // The catalogues' tools know nothing of compactions; what these cost comes on top of what they agree on.
  if (compactionOf(recording).input > 0)
    return tokens !== undefined && accepted.every((usd) => tokens > usd) ? [] : [`${recording.id}: compaction is free`];
  const right = tokens !== undefined && accepted.some((usd) => Math.abs(tokens - usd) <= Math.max(usd * 0.001, 1e-10));
  return right
    ? []
    : [
        `${recording.api} ${recording.id} ${recording.response_model}: wanted ${accepted.join(' or ')}, span says ${cost ?? span?.attributes['costel.cost.reason'] ?? 'nothing'}`,
      ];
}

async function replay(
  folder: string,
  url: string,
  mode: 'with' | 'without',
  recordings: readonly Recording[],
  outputs: string,
): Promise<Run> {
  const output = join(outputs, `${folder}-${mode}.json`);
  const sdkFolder = resolve(import.meta.dirname, '../../sdks', folder);
  const client = join(import.meta.dirname, 'replay-client.mjs');
  const child = spawn(process.execPath, [client, sdkFolder, url, output, mode], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  // A client that ends early is reported by its exit code below.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${recordings.map((recording) => JSON.stringify(recording)).join('\n')}\n`);
  const code = await new Promise((closed) => child.on('close', closed));
  if (code !== 0) throw new Error(`the replay client ended with exit code ${String(code)}:\n${errors}`);
  return JSON.parse(readFileSync(output, 'utf8')) as Run;
}
