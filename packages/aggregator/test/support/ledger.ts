import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, openEmbeddedDatabase, type Database } from '@costel/store';

/** One call of a model, as an emitter of the GenAI conventions would report it. */
export interface CallToRecord {
  readonly model?: string;
  readonly provider?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly startMs?: number;
  /** Hexadecimal; default: random. */
  readonly traceId?: string;
  readonly spanId?: string;
  readonly durationMs?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Writes calls as the rows that a receiver writes; resolves once they are in the ledger. */
export async function recordCalls(database: Database, calls: readonly CallToRecord[]): Promise<void> {
  await database.insertRows('otel_traces', calls.map(toRow));
}

function toRow(call: CallToRecord): object {
  const model = call.model ?? 'gpt-4o-mini-2024-07-18';
  // Just after midnight two seconds ago would be yesterday.
  const startMs = call.startMs ?? Math.max(Date.now() - 2000, Math.floor(Date.now() / 86_400_000) * 86_400_000);
  return {
    Timestamp: new Date(startMs).toISOString().replace('T', ' ').replace('Z', ''),
    TraceId: call.traceId ?? randomBytes(16).toString('hex'),
    SpanId: call.spanId ?? randomBytes(8).toString('hex'),
    SpanName: `chat ${model}`,
    SpanKind: 'Client',
    ServiceName: 'shop',
    ResourceAttributes: { 'service.name': 'shop' },
    Duration: Math.round((call.durationMs ?? 1000) * 1e6),
    StatusCode: 'Unset',
    SpanAttributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': call.provider ?? 'openai',
      'gen_ai.request.model': model,
      'gen_ai.response.model': model,
      'gen_ai.response.id': randomBytes(8).toString('hex'),
      'gen_ai.usage.input_tokens': String(call.inputTokens ?? 1000),
      'gen_ai.usage.output_tokens': String(call.outputTokens ?? 100),
      ...call.attributes,
    },
  };
}

/** A migrated database in a directory of its own. */
export interface TestDatabase {
  readonly database: Database;
  /** Closes the engine and opens it again on the same data, as a restart does. */
  readonly reopen: () => Promise<Database>;
  readonly remove: () => Promise<void>;
}

/** Opens the embedded engine on an empty directory and migrates it. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const directory = mkdtempSync(join(tmpdir(), 'costel-aggregator-'));
  const open = async (): Promise<Database> => {
    const database = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data') });
    await migrate(database);
    return database;
  };
  let database = await open();
  return {
    get database() {
      return database;
    },
    reopen: async () => {
      await database.close();
      database = await open();
      return database;
    },
    remove: async () => {
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
