import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { createReceiver, type Receiver, type Signal, TABLE_COLUMNS, type TableName } from '@costel/receiver';
import { createClickHouseInterface, type EmbeddedDatabase, migrate, openEmbeddedDatabase } from '@costel/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { protobufBytes } from '../../packages/receiver/test/support/decode.js';
import { GRPC_METHODS, type GrpcCaller, grpcCaller } from '../../packages/receiver/test/support/grpc-client.js';
import { waitFor } from '../support/stack.js';
import { type RunningCollector, startCollector } from './support/collector.js';
import { OTLP_CORPUS } from './support/otlp-corpus.js';
import { storedZstd } from './support/stored-zstd.js';

/*
 * One request, nine ways in: each leaves the same rows as the real collector's exporter, in every column of every table
 * and in what the views make of them. The tables are emptied between two ways.
 */

const PATHS: Readonly<Record<Signal, string>> = { traces: '/v1/traces', metrics: '/v1/metrics', logs: '/v1/logs' };
/** Where the rows of a signal go; a view's rows come after those that it reads. */
const TABLES: Readonly<Record<Signal, readonly string[]>> = {
  traces: ['otel_traces', 'otel_traces_trace_id_ts', 'span_edges', 'llm_calls'],
  metrics: (Object.keys(TABLE_COLUMNS) as TableName[]).filter((table) => table.startsWith('otel_metrics_')),
  logs: ['otel_logs'],
};

/**
 * Where a table is read from. The exporter's trace index forgets by the spans' own start, at any merge, and what it makes
 * of an end after 2106 is left to chance by the engine: only what lasts and is defined is compared.
 */
const SOURCES: Readonly<Record<string, string>> = {
  otel_traces_trace_id_ts: `(SELECT * FROM otel_traces_trace_id_ts
    WHERE Start > now() - toIntervalDay(80) AND End BETWEEN Start AND toDateTime('2100-01-01 00:00:00'))`,
};

/** What is read of the derived tables: everything but what says when it was received. */
const DERIVED: Readonly<Record<string, string>> = {
  otel_traces_trace_id_ts: '*',
  span_edges: '* EXCEPT received_at',
  llm_calls:
    "* EXCEPT (received_at, version) REPLACE (if(clock_status = 'received', toDateTime64(0, 3), counted_at) AS counted_at)",
};
const TOKEN = 'the token of the test';

type Rows = Readonly<Record<string, readonly unknown[]>>;

describe('the rows of a request', () => {
  const folder = mkdtempSync(join(tmpdir(), 'costel-same-rows-'));
  let database: EmbeddedDatabase;
  let receiver: Receiver;
  let server: Server;
  let collector: RunningCollector;
  let grpc: GrpcCaller;
  let collectorGrpc: GrpcCaller;
  let url: string;

  beforeAll(async () => {
    database = await openEmbeddedDatabase({ dataDirectory: join(folder, 'data'), guestConnections: 2 });
    await migrate(database);
    receiver = createReceiver({ database, limits: { batchDelayMs: 0 } });
    url = `http://127.0.0.1:${(await receiver.listen(0)).port}`;
    grpc = grpcCaller(`127.0.0.1:${(await receiver.listenGrpc(0)).port}`);
    ({ server } = await createClickHouseInterface({ database, writeToken: TOKEN }));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const clickhouseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    collector = await startCollector({ clickhouseUrl, password: TOKEN, queueDirectory: join(folder, 'queue') });
    collectorGrpc = grpcCaller(new URL(collector.grpcUrl).host);
  });
  afterAll(async () => {
    await collector?.stop();
    grpc?.close();
    collectorGrpc?.close();
    await receiver?.close();
    server?.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await database?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function post(base: string, signal: Signal, headers: Record<string, string>, body: Uint8Array): Promise<void> {
    const answer = await fetch(`${base}${PATHS[signal]}`, { method: 'POST', headers, body });
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-type') === 'application/json' ? text : '{}']).toEqual([
      200,
      expect.stringMatching(/^\{("partialSuccess":\{\})?\}$/),
    ]);
  }

  const call = async (caller: GrpcCaller, signal: Signal, message: Uint8Array): Promise<void> => {
    await caller.call(GRPC_METHODS[signal], message);
  };

  async function countRows(tables: readonly string[]): Promise<number> {
    const counts = tables.map((table) => `(SELECT count() FROM ${SOURCES[table] ?? table})`);
    const [row] = await database.query<{ n: string }>(`SELECT ${counts.join(' + ')} AS n`);
    return Number(row?.n ?? Number.NaN);
  }

  /** Takes the rows of tables, and empties them. */
  async function takeRows(tables: readonly string[]): Promise<Rows> {
    const rows: Record<string, readonly unknown[]> = {};
    for (const table of tables) {
      const columns = DERIVED[table] ?? '* EXCEPT ReceivedAt';
      rows[table] = await database.query(
        `SELECT ${columns} FROM ${SOURCES[table] ?? table} ORDER BY ALL SETTINGS output_format_json_quote_denormals = 1`,
      );
      if (rows[table].length > 0) await database.command(`TRUNCATE TABLE ${table}`);
    }
    return rows;
  }

  it.each(OTLP_CORPUS)('are the same whichever way it comes in: $name', async ({ signal, request }) => {
    const json = new TextEncoder().encode(JSON.stringify(request));
    const binary = protobufBytes(signal, request);
    const asJson = { 'content-type': 'application/json' };
    const asProtobuf = { 'content-type': 'application/x-protobuf' };
    const tables = TABLES[signal];
    await post(url, signal, asProtobuf, binary);
    const count = await countRows(tables);
    const expected = await takeRows(tables);

    const others: Readonly<Record<string, () => Promise<void>>> = {
      JSON: () => post(url, signal, asJson, json),
      'protobuf, gzip': () => post(url, signal, { ...asProtobuf, 'content-encoding': 'gzip' }, gzipSync(binary)),
      'JSON, deflate': () => post(url, signal, { ...asJson, 'content-encoding': 'deflate' }, deflateSync(json)),
      'protobuf, zstd': () => post(url, signal, { ...asProtobuf, 'content-encoding': 'zstd' }, storedZstd(binary)),
      gRPC: () => call(grpc, signal, binary),
      'collector, protobuf': () => post(collector.httpUrl, signal, asProtobuf, binary),
      'collector, gRPC': () => call(collectorGrpc, signal, binary),
      'collector, JSON': () => post(collector.httpUrl, signal, asJson, json),
    };
    for (const [way, send] of Object.entries(others)) {
      await send();
      await waitFor(
        async () => (await countRows(tables)) >= count,
        `${count} rows by ${way}; ${collector.log().slice(-2000)}`,
      );
      expect(await takeRows(tables), way).toEqual(expected);
    }
    expect(await countRows(Object.values(TABLES).flat())).toBe(0);
    expect(receiver.stats()).toMatchObject({ rejected: {}, refused: {} });
  });
});
