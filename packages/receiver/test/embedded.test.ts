import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedDatabase, migrate, openEmbeddedDatabase } from '@costel/store';
import { createReceiver, type ListenAddress, type Receiver } from '../src/receiver.js';
import { READ_TYPES, TABLE_COLUMNS, type TableName } from '../src/tables.js';
import { CORPUS } from './support/corpus.js';
import { PROTOBUF, send } from './support/client.js';
import { protobufBytes } from './support/decode.js';
import { attribute, integer, jsonBytes, NOON_NS, span, spanId, text, tracesRequest } from './support/otlp.js';

const HOSTILE_TIMES = [
  '0',
  '1',
  '18446744073709551615',
  '9223372036854775807',
  '9223372036854775808',
  '4102444800000000000',
];
const HOSTILE_VALUES = [
  'NaN',
  'Infinity',
  '-5',
  '1e300',
  '0.5',
  '',
  'many',
  '18446744073709551616',
  '\n\n; DROP TABLE x',
];
const PATHS = { traces: '/v1/traces', metrics: '/v1/metrics', logs: '/v1/logs' };

describe('a receiver on the embedded engine', () => {
  let directory: string;
  let database: EmbeddedDatabase;
  let receiver: Receiver;
  let address: ListenAddress;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'costel-receiver-'));
    database = await openEmbeddedDatabase({ dataDirectory: directory });
    await migrate(database);
    receiver = createReceiver({ database });
    address = await receiver.listen(0);
  });

  afterAll(async () => {
    await receiver.close();
    await database.close();
    await rm(directory, { recursive: true, force: true });
  });

  const post = (request: unknown) => send(address, { body: jsonBytes(request) });

  it('reads rows under the types of their table, but for dictionaries, which are strings in a file', async () => {
    for (const [table, types] of Object.entries(READ_TYPES)) {
      const columns = await database.query<{ name: string; type: string }>(
        'SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}',
        { table },
      );
      const own = new Map(columns.map(({ name, type }) => [name, type.replaceAll('LowCardinality(String)', 'String')]));
      expect(types).toEqual(TABLE_COLUMNS[table as TableName].map((column) => own.get(column)));
    }
  });

  it.each(CORPUS)('stores $name', async ({ signal, request }) => {
    const sendings = [
      { path: PATHS[signal], body: jsonBytes(request) },
      { path: PATHS[signal], headers: PROTOBUF, body: protobufBytes(signal, request) },
    ];
    for (const sending of sendings) expect((await send(address, sending)).status).toBe(200);
    expect(receiver.stats()).toMatchObject({ rejected: {}, refused: {} });
  });

  it('stores what the engine then reads back value by value', async () => {
    const events = [{ timeUnixNano: String(NOON_NS + 1n), name: 'e', attributes: [text('k', 'v')] }];
    await post(tracesRequest([span(700, { events, parentSpanId: spanId(1), status: { code: 1 } })]));
    const rows = await database.query(
      `SELECT Timestamp, TraceId, SpanName, SpanKind, ServiceName, Duration, StatusCode, SpanAttributes,
        Events.Timestamp AS eventTimes, Events.Name AS eventNames, Events.Attributes AS eventAttributes
      FROM otel_traces WHERE SpanName = 'span 700'`,
    );
    expect(rows).toEqual([
      {
        Timestamp: '2026-11-22 12:00:00.700000000',
        TraceId: '0af7651916cd43dd8448eb211c80319c',
        SpanName: 'span 700',
        SpanKind: 'Client',
        ServiceName: 'shop',
        Duration: '250000000',
        StatusCode: 'Ok',
        SpanAttributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': '800' },
        eventTimes: ['2026-11-22 12:00:00.000000001'],
        eventNames: ['e'],
        eventAttributes: [{ k: 'v' }],
      },
    ]);
  });

  it('has a call in the ledger by the time it acknowledges it', async () => {
    await post(tracesRequest([span(900, { traceId: 'f'.repeat(32) })]));
    const calls = await database.query(`SELECT span_id FROM llm_calls FINAL WHERE trace_id = '${'f'.repeat(32)}'`);
    expect(calls).toEqual([{ span_id: spanId(900) }]);
  });

  it('stores spans of whatever time and usage with one insert each, and none of their neighbours is lost', async () => {
    const before = receiver.stats();
    const times = HOSTILE_TIMES.map((time, index) =>
      span(1000 + index, { startTimeUnixNano: time, endTimeUnixNano: '5' }),
    );
    const usages = HOSTILE_VALUES.map((value, index) =>
      span(1100 + index, {
        attributes: [
          text('gen_ai.operation.name', 'chat'),
          text('gen_ai.usage.input_tokens', value),
          text('gen_ai.usage.output_tokens', value),
          text('costel.cost.usd', value),
        ],
      }),
    );
    const odd = [
      span(1200, { attributes: [attribute('gen_ai.usage.input_tokens', { doubleValue: 'NaN' }), integer('x', -1)] }),
      span(1201, { traceId: '', spanId: '', attributes: [text('gen_ai.operation.name', 'chat')] }),
    ];
    const spans = [...times, ...usages, ...odd];
    const answer = await post(tracesRequest(spans));
    expect([answer.status, answer.body.toString()]).toEqual([200, '{}']);
    const after = receiver.stats();
    expect(after.accepted.traces - before.accepted.traces).toBe(spans.length);
    expect(after.inserts.otel_traces?.failedInserts).toBe(0);
  });

  it('stores spans of 101 days with one insert', async () => {
    const day = 86_400_000_000_000n;
    const spans = Array.from({ length: 101 }, (_, index) =>
      span(index, { startTimeUnixNano: String(NOON_NS - BigInt(index) * day), name: 'many days' }),
    );
    expect((await post(tracesRequest(spans))).status).toBe(200);
    const [row] = await database.query<{ count: string }>(
      `SELECT count() AS count FROM otel_traces WHERE SpanName = 'many days'`,
    );
    expect(row).toEqual({ count: '101' });
  });

  it('cannot be talked into running SQL, whatever bytes it stores', async () => {
    const bytes = '\n\nDROP TABLE costel.otel_traces\n\n';
    await post(tracesRequest([span(1300, { name: bytes, attributes: [text(bytes, bytes)] })]));
    const [row] = await database.query<{ count: string }>(
      `SELECT count() AS count FROM otel_traces WHERE position(SpanName, 'DROP TABLE') > 0`,
    );
    expect(row).toEqual({ count: '1' });
  });

  it('stores the neighbours of a span that a view cannot digest, in the ledger too', async () => {
    await database.command(
      `CREATE MATERIALIZED VIEW picky ENGINE = MergeTree ORDER BY tuple()
      AS SELECT throwIf(position(concat(toString(SpanName), TraceId), 'poison') > 0)::UInt64 AS refused FROM otel_traces`,
    );
    const spans = Array.from({ length: 7 }, (_, index) =>
      span(1400 + index, { traceId: 'e'.repeat(32), ...(index === 3 ? { name: 'poison' } : {}) }),
    );
    const answer = await post(tracesRequest(spans));
    await database.command('DROP TABLE picky');
    expect(JSON.parse(answer.body.toString())).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
    const calls = await database.query<{ id: string }>(
      `SELECT span_id AS id FROM llm_calls FINAL WHERE trace_id = '${'e'.repeat(32)}' ORDER BY id`,
    );
    const neighbours = [0, 1, 2, 4, 5, 6].map((index) => spanId(1400 + index));
    expect(calls.map(({ id }) => id)).toEqual(expect.arrayContaining(neighbours));
  });

  it('answers 503 and keeps nothing from the sender while a table is missing', async () => {
    await database.command('RENAME TABLE otel_logs TO otel_logs_away');
    const sending = { path: PATHS.logs, body: jsonBytes({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }] }) };
    expect((await send(address, sending)).status).toBe(503);
    await database.command('RENAME TABLE otel_logs_away TO otel_logs');
    expect((await send(address, sending)).status).toBe(200);
  });
});

describe('kill -9', () => {
  const script = fileURLToPath(new URL('support/receiver-process.mjs', import.meta.url));
  const ROUNDS = 2;

  it('loses no span that was acknowledged, from the raw table or from the ledger', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'costel-receiver-kill-'));
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) await sendUntilKilled(directory, round, acknowledged);
    const database = await openEmbeddedDatabase({ dataDirectory: directory });
    const ids = async (sql: string): Promise<Set<string>> =>
      new Set((await database.query<{ id: string }>(sql)).map(({ id }) => id));
    const raw = await ids('SELECT DISTINCT SpanId AS id FROM otel_traces');
    const ledger = await ids('SELECT DISTINCT span_id AS id FROM llm_calls');
    await database.close();
    await rm(directory, { recursive: true, force: true });
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 10);
    expect(acknowledged.filter((id) => !raw.has(id))).toEqual([]);
    expect(acknowledged.filter((id) => !ledger.has(id))).toEqual([]);
  });

  /** Four senders at once; the process dies after so many acknowledgements, with others on their way. */
  async function sendUntilKilled(directory: string, round: number, acknowledged: string[]): Promise<void> {
    const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const address = { host: '127.0.0.1', port: Number(port) };
    const exited = once(child, 'exit');
    let isKilled = false;
    let left = 12 + round;
    const sender = async (worker: number): Promise<void> => {
      for (let request = 0; !isKilled; request++) {
        const first = (round * 4 + worker) * 1_000_000 + request * 10;
        const spans = Array.from({ length: 10 }, (_, index) => span(first + index));
        try {
          const answer = await send(address, { body: jsonBytes(tracesRequest(spans)) });
          if (answer.status === 200) acknowledged.push(...spans.map((_, index) => spanId(first + index)));
          if (--left === 0) isKilled = child.kill('SIGKILL');
        } catch {
          isKilled = true;
        }
      }
    };
    await Promise.all([0, 1, 2, 3].map(sender));
    await exited;
  }
});
