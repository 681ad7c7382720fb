/**
 * Bounds that keep one sender from exhausting the process. Each has a unit in its name; the reasons are in README.md.
 * A limit is reached, never exceeded: a body of exactly `requestBytes` passes, one byte more does not.
 */
export interface ReceiverLimits {
  /** Body as it arrives on the wire; above: 413. */
  readonly requestBytes: number;
  /** Body after inflating; inflating stops here; above: 413. */
  readonly inflatedBytes: number;
  /** Bodies accepted and not yet answered, in bytes; above: 429. */
  readonly queuedBytes: number;
  /** Requests accepted and not yet answered; above: 429. */
  readonly queuedRequests: number;
  /** Rows decoded and not yet inserted, in bytes; above: decoding pauses. */
  readonly pendingRowBytes: number;
  /** Spans, log records or data points of one request; the rest is rejected. */
  readonly recordsPerRequest: number;
  /** Rows of one request, in bytes (resource attributes repeat in every row); the rest is rejected. */
  readonly rowBytesPerRequest: number;
  /** Distinct UTC days in one request, for each is a partition of its table; records of further days are rejected. */
  readonly daysPerRequest: number;
  /** Attributes of one record, resource, scope, event or link; the rest is dropped. */
  readonly attributesPerRecord: number;
  /** One attribute value or log body as text, in bytes; longer text is cut at a character. */
  readonly attributeValueBytes: number;
  /** Events or links of one span, exemplars or quantiles of one data point; the rest is dropped. */
  readonly itemsPerRecord: number;
  /** Arrays and maps inside one another in an attribute value; a deeper record is rejected. */
  readonly attributeDepth: number;
  /** How long a batch waits for more requests at most, in milliseconds; a quarter of it where inserts are quick. */
  readonly batchDelayMs: number;
  /** Rows that send a batch off without waiting. */
  readonly batchRows: number;
  /** Bytes of rows that send a batch off without waiting. */
  readonly batchBytes: number;
  /** Days of all requests of a batch, added up; bounds the partitions that one insert opens. */
  readonly batchDays: number;
  /** JavaScript heap of the decoding worker, in MiB; a body that needs more costs the worker, and is refused. */
  readonly decoderHeapMebibytes: number;
  /** Longest that decoding one request may take, in milliseconds; above: the worker is replaced and the request refused. */
  readonly decodeMs: number;
  /** Longest that a client may take to send one request, in milliseconds. */
  readonly requestMs: number;
  /** What `Retry-After` says with 429 and 503, in seconds. */
  readonly retryAfterSeconds: number;
}

const MEBIBYTE = 1024 * 1024;

/** What `createReceiver` uses where its `limits` say nothing. */
export const DEFAULT_LIMITS: ReceiverLimits = {
  requestBytes: 20 * MEBIBYTE,
  inflatedBytes: 20 * MEBIBYTE,
  queuedBytes: 64 * MEBIBYTE,
  queuedRequests: 2000,
  pendingRowBytes: 64 * MEBIBYTE,
  recordsPerRequest: 100_000,
  rowBytesPerRequest: 128 * MEBIBYTE,
  daysPerRequest: 450,
  attributesPerRecord: 1024,
  attributeValueBytes: MEBIBYTE,
  itemsPerRecord: 1024,
  attributeDepth: 32,
  batchDelayMs: 200,
  batchRows: 24_000,
  batchBytes: 32 * MEBIBYTE,
  batchDays: 1000,
  decoderHeapMebibytes: 768,
  decodeMs: 10_000,
  requestMs: 60_000,
  retryAfterSeconds: 1,
};
