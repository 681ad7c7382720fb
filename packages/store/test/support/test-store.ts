import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectDatabase, LEDGER_VIEWS, migrate, openEmbeddedDatabase, type Database } from '../../src/index.js';

/** A migrated database of its own: on the embedded engine, or on the server that `CLICKHOUSE_URL` names. */
export interface TestStore {
  readonly db: Database;
  /** A directory for files of this test, gone after `close()`. */
  readonly directory: string;
  /** Another client of the same database, as a second process has one; a server has it at once, the engine shares its own. */
  connect(): Promise<Database>;
  close(): Promise<void>;
}

/** Which engine a test store is on. */
export interface TestStoreOptions {
  /** Default `CLICKHOUSE_URL`; the embedded engine where there is none. */
  readonly serverUrl?: string | undefined;
  /** Retention of the shipped schema stays in force; by default rows stay, however old they are. */
  readonly keepsRetention?: boolean;
}

/** Tables whose retention would drop rows of the fixed dates that tests use, one day. */
const TABLES_WITH_RETENTION = [
  'otel_traces',
  'span_edges',
  'llm_calls',
  'llm_cost_15m',
  'llm_cost_15m_wide',
  'llm_cost_15m_tag',
] as const;

/**
 * Opens a database and lays the schema. This is the one place where the tests of the store get theirs:
 * `CLICKHOUSE_URL` (with `CLICKHOUSE_USER`, `CLICKHOUSE_PASSWORD`) runs them all against a server, in a database that is
 * dropped afterwards.
 */
export async function openTestStore(options: TestStoreOptions = {}): Promise<TestStore> {
  const directory = mkdtempSync(join(tmpdir(), 'costel-store-'));
  const serverUrl = options.serverUrl ?? process.env['CLICKHOUSE_URL'];
  const { db, connect, close } = serverUrl === undefined ? await openOwn(directory) : await openOnServer(serverUrl);
  await migrate(db);
  if (options.keepsRetention !== true) {
    for (const table of TABLES_WITH_RETENTION) await db.command(`ALTER TABLE ${table} REMOVE TTL`);
  }
  return {
    db,
    directory,
    connect,
    async close() {
      await close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

type Opened = Pick<TestStore, 'db' | 'connect' | 'close'>;

async function openOwn(directory: string): Promise<Opened> {
  const dataDirectory = join(directory, 'data');
  const db = await openEmbeddedDatabase({ dataDirectory });
  return { db, connect: async () => openEmbeddedDatabase({ dataDirectory }), close: async () => db.close() };
}

let databases = 0;

async function openOnServer(url: string): Promise<Opened> {
  databases += 1;
  const login = {
    url,
    username: process.env['CLICKHOUSE_USER'] ?? 'default',
    password: process.env['CLICKHOUSE_PASSWORD'] ?? '',
    database: `costel_test_${process.pid}_${databases}`,
  };
  const db = await connectDatabase(login);
  return {
    db,
    connect: async () => connectDatabase(login),
    async close() {
      await db.command(`DROP DATABASE IF EXISTS ${login.database} SYNC`);
      await db.close();
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

/** Spans that come from now on reach no ledger, as when the process is killed between the two. */
export async function detachLedgerViews({ db }: TestStore): Promise<void> {
  for (const view of LEDGER_VIEWS) await db.command(`DETACH TABLE ${view}`);
}

/** Undoes {@link detachLedgerViews}. */
export async function attachLedgerViews({ db }: TestStore): Promise<void> {
  for (const view of LEDGER_VIEWS) await db.command(`ATTACH TABLE ${view}`);
}
