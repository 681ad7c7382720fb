import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { billedOf, costProblem, hasTokens, usageProblem, type SpanSeen } from './check-span.js';
import { hasRecordings, readRecordings, type Recording } from './recordings.js';
import { startReplayServer, type ReplayServer } from './replay-server.js';

/**
 * Recorded by an HTTP call that a client method makes, not over a web socket. Of what is recorded of gateways, Anthropic's
 * API alone is replayed here.
 */
const isReplayed = ({ provider, api, response }: Recording): boolean =>
  response.body_kind !== 'ws-frames-ndjson' && (provider !== 'local' || api === 'messages');

interface Run {
  readonly results: Readonly<Record<string, unknown>>;
  readonly spans: readonly SpanSeen[];
}

const sdks = [
  { folder: 'openai-6', providers: ['openai', 'azure'] },
  { folder: 'openai-7', providers: ['openai', 'azure'] },
  { folder: 'anthropic-0-133', providers: ['anthropic', 'local'] },
  { folder: 'anthropic-0', providers: ['anthropic', 'local'] },
  { folder: 'anthropic-1', providers: ['anthropic', 'local'] },
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
    recordings = providers.flatMap(readRecordings).filter(isReplayed);
    server = await startReplayServer(recordings);
    plain = await replay(folder, server.url, 'without', recordings, outputs);
    observed = await replay(folder, server.url, 'with', recordings, outputs);
    spans = new Map();
    for (const span of observed.spans.filter(({ isPart }) => isPart !== true))
      spans.set(span.recording, [...(spans.get(span.recording) ?? []), span]);
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

  it('leave a span of a batch where it is seen to have ended, and none of what is free', () => {
    const looks = recordings.filter(({ api, request }) => api === 'batches' && request?.method === 'GET');
    const ended = looks.filter(({ response }) => /"status": *"completed"/.test(response.body ?? ''));
    expect(looks.filter(({ id }) => spans.has(id))).toEqual(ended);
    expect(ended.flatMap((recording) => usageProblem(recording, spans.get(recording.id)?.[0]))).toEqual([]);
    const free = recordings.filter(({ api, response }) => api === 'moderations' && response.status < 400);
    expect(free.map(({ id }) => spans.get(id)?.map(({ attributes }) => attributes['costel.cost.status']))).toEqual(
      free.map(() => ['not_billable']),
    );
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
