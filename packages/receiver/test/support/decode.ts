import { type DecodedRequest, decodeRequest } from '../../src/decode/decode-request.js';
import { encodeJsonRequest } from '../../src/decode/json-encoder.js';
import { LOGS_REQUEST, METRICS_REQUEST, TRACES_REQUEST } from '../../src/decode/otlp-schema.js';
import { DEFAULT_LIMITS, type ReceiverLimits } from '../../src/limits.js';
import type { Signal, TableName } from '../../src/tables.js';
import { jsonBytes } from './otlp.js';
import { type Cell, readRows } from './row-reader.js';

const REQUESTS = { traces: TRACES_REQUEST, metrics: METRICS_REQUEST, logs: LOGS_REQUEST };

/** The protobuf form of a JSON request. */
export const protobufBytes = (signal: Signal, request: unknown): Uint8Array =>
  encodeJsonRequest(jsonBytes(request), REQUESTS[signal], { depth: 10_000, items: 1_000_000 }).bytes;

/** Decodes, and fails the test where the request as a whole is refused. */
export function decode(
  signal: Signal,
  format: 'json' | 'protobuf',
  body: Uint8Array,
  limits: Partial<ReceiverLimits> = {},
): DecodedRequest {
  const outcome = decodeRequest({ signal, format, encoding: 'identity', body }, { ...DEFAULT_LIMITS, ...limits });
  if (outcome.kind === 'refused') throw new Error(`refused: ${outcome.reason}: ${outcome.message}`);
  return outcome;
}

/** The rows of a JSON request in one table. */
export function rowsOf(signal: Signal, request: unknown, table: TableName, limits: Partial<ReceiverLimits> = {}) {
  return tableRows(decode(signal, 'json', jsonBytes(request), limits), table);
}

/** The rows of one table of a decoded request. */
export function tableRows(decoded: DecodedRequest, table: TableName): Record<string, Cell>[] {
  return decoded.tables.filter((rows) => rows.table === table).flatMap((rows) => readRows(table, rows.rows));
}
