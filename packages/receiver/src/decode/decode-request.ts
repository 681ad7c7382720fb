import type { ReceiverLimits } from '../limits.js';
import type { Signal, TableName } from '../tables.js';
import { type Adjustment, DecodeContext, DEFAULT_TENANT } from './decode-context.js';
import { type ItemTranscoder, walkRequest } from './envelope.js';
import { type ContentEncoding, inflate, InflateError } from './inflate.js';
import { encodeJsonRequest, type JsonRejections } from './json-encoder.js';
import { transcodeLog } from './logs.js';
import { transcodeMetric } from './metrics.js';
import { LOGS_REQUEST, type Message, METRICS_REQUEST, TRACES_REQUEST } from './otlp-schema.js';
import { BodyError, type RejectReason } from './record-error.js';
import { RowOutput, type TableRows } from './row-output.js';
import type { RowWriter } from './row-writer.js';
import { transcodeSpan } from './traces.js';

/** The two forms of an OTLP/HTTP body. */
export type BodyFormat = 'protobuf' | 'json';

/** One request as it came. */
export interface DecodeJob {
  readonly signal: Signal;
  readonly format: BodyFormat;
  readonly encoding: ContentEncoding;
  readonly body: Uint8Array;
}

/** The rows of a request, and what became of its records. */
export interface DecodedRequest {
  readonly kind: 'decoded';
  readonly tables: readonly TableRows[];
  readonly accepted: number;
  readonly rejected: ReadonlyMap<RejectReason, number>;
  readonly firstRejection: string;
  readonly adjusted: ReadonlyMap<Adjustment, number>;
}

/** Why a request as a whole has no rows; the keys of `stats().refused`. */
export type RefusalReason =
  | 'malformed_body'
  | 'malformed_encoding'
  | 'body_too_large'
  | 'decoder_failed'
  | 'decoder_restarted';

/** A request that yields nothing. */
export interface RefusedRequest {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  readonly message: string;
}

/** What decoding ends in. */
export type DecodeOutcome = DecodedRequest | RefusedRequest;

const SIGNALS: Readonly<Record<Signal, { readonly request: Message; readonly transcode: ItemTranscoder }>> = {
  traces: { request: TRACES_REQUEST, transcode: transcodeSpan },
  metrics: { request: METRICS_REQUEST, transcode: transcodeMetric },
  logs: { request: LOGS_REQUEST, transcode: transcodeLog },
};

/** Messages inside one another for each level of an attribute (map, entry, value), and around the outermost attribute. */
const MESSAGES_PER_LEVEL = 3;
const MESSAGES_AROUND = 16;
/** A record, its scope and its resource. */
const ITEMS_PER_RECORD = 3;
const LEAST_ITEMS = 3000;

const writers = new Map<TableName, RowWriter>();

/** Decodes one request into rows. Bad input never throws: it ends in a refusal or in counted rejections. */
export function decodeRequest(job: DecodeJob, limits: ReceiverLimits, tenant: string = DEFAULT_TENANT): DecodeOutcome {
  try {
    const body = inflate(job.body, job.encoding, limits.inflatedBytes);
    if (body.length > limits.inflatedBytes) {
      return refused('body_too_large', `the body has ${body.length} bytes, more than ${limits.inflatedBytes}`);
    }
    const { request, transcode } = SIGNALS[job.signal];
    const bounds = {
      depth: limits.attributeDepth * MESSAGES_PER_LEVEL + MESSAGES_AROUND,
      items: limits.recordsPerRequest * ITEMS_PER_RECORD + LEAST_ITEMS,
    };
    const json = job.format === 'json' ? encodeJsonRequest(body, request, bounds) : undefined;
    const context = new DecodeContext(json?.bytes ?? body, limits, tenant);
    const output = new RowOutput(limits, writers);
    countRejections(output, json?.rejections);
    walkRequest(context, output, transcode);
    const { accepted, rejected, firstRejection } = output;
    return { kind: 'decoded', tables: output.take(), accepted, rejected, firstRejection, adjusted: context.adjusted };
  } catch (error) {
    // Whatever was written for this request must not appear among the rows of the next.
    writers.clear();
    if (error instanceof BodyError) return refused('malformed_body', error.message);
    if (!(error instanceof InflateError)) return refused('decoder_failed', String(error));
    return refused(error.kind === 'too_large' ? 'body_too_large' : 'malformed_encoding', error.message);
  }
}

const refused = (reason: RefusalReason, message: string): RefusedRequest => ({ kind: 'refused', reason, message });

function countRejections(output: RowOutput, rejections: JsonRejections | undefined): void {
  if (rejections === undefined) return;
  const [reason, ...text] = rejections.first.split(': ');
  for (const [rejected, count] of rejections.counts) output.reject(rejected, text.join(': ') || (reason ?? ''), count);
}
