import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, openEmbeddedDatabase, type EmbeddedDatabase } from '../../src/index.js';

/** A migrated database of its own, in a temporary directory. */
export interface TestStore {
  readonly db: EmbeddedDatabase;
  close(): Promise<void>;
}

/** Tables whose retention would drop rows of the fixed dates that tests use, one day. */
const TABLES_WITH_RETENTION = ['otel_traces', 'span_edges', 'llm_calls', 'llm_cost_15m'] as const;

/** Opens the real engine on an empty directory and lays the schema; rows stay, however old they are. */
export async function openTestStore(): Promise<TestStore> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'costel-store-'));
  const db = await openEmbeddedDatabase({ dataDirectory });
  await migrate(db);
  for (const table of TABLES_WITH_RETENTION) await db.command(`ALTER TABLE ${table} REMOVE TTL`);
  return {
    db,
    async close() {
      await db.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** A row of `otel_traces`, as a writer inserts it. */
export interface SpanRow {
  readonly Timestamp: string;
  readonly TraceId: string;
  readonly SpanId: string;
  readonly ParentSpanId: string;
  readonly SpanName: string;
  readonly SpanKind: string;
  readonly ServiceName: string;
  readonly ResourceAttributes: Readonly<Record<string, string>>;
  readonly ScopeName: string;
  readonly SpanAttributes: Readonly<Record<string, string>>;
  readonly Duration: string;
  readonly StatusCode: string;
  readonly ReceivedAt?: string;
}

/** What a test says about a span; the rest is ordinary. */
export interface SpanInput {
  readonly trace?: string;
  readonly span?: string;
  readonly parent?: string;
  /** ISO 8601. */
  readonly at?: string;
  /** ISO 8601, or `now` for the engine's own clock; when the store received it. By default a second after its start. */
  readonly receivedAt?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, string>>;
  readonly scope?: string;
  readonly durationMs?: number;
  readonly status?: 'Unset' | 'Ok' | 'Error';
}

let spans = 0;

/** An id of the right form that no other call got. */
export function newId(length: 16 | 32): string {
  spans += 1;
  return spans.toString(16).padStart(8, '0').padStart(length, 'a');
}

const engineTime = (iso: string): string => iso.replace('T', ' ').replace('Z', '');

/** A span of a chat call without usage, unless the attributes say more. */
export function spanRow(input: SpanInput = {}): SpanRow {
  const at = input.at ?? '2026-11-10T10:00:00.000Z';
  const received = input.receivedAt ?? new Date(Date.parse(at) + 1000).toISOString();
  return {
    Timestamp: engineTime(at),
    TraceId: input.trace ?? newId(32),
    SpanId: input.span ?? newId(16),
    ParentSpanId: input.parent ?? '',
    SpanName: 'chat',
    SpanKind: 'Client',
    ServiceName: 'shop',
    ResourceAttributes: { 'service.name': 'shop', ...input.resource },
    ScopeName: input.scope ?? '@costel/instrumentation',
    SpanAttributes: { 'gen_ai.operation.name': 'chat', ...input.attributes },
    Duration: String(BigInt(input.durationMs ?? 800) * 1_000_000n),
    StatusCode: input.status ?? 'Unset',
    ...(received === 'now' ? {} : { ReceivedAt: engineTime(received) }),
  };
}

/** Attributes of a call whose provider stated its cost: no price list is needed. */
export function costAttributes(costUsd: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-test',
    'gen_ai.usage.cost.source': 'provider',
    'costel.cost.usd': costUsd,
    'costel.usage.input': '100',
    'costel.usage.output': '10',
    'costel.usage.quality': 'reported',
    ...more,
  };
}

/** Inserts spans as one batch, in the order given. */
export async function insertSpans(store: TestStore, rows: readonly SpanRow[]): Promise<void> {
  await store.db.insertRows('otel_traces', rows);
}

/** A small generator of repeatable numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
