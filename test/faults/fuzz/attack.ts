import type { Call } from '../support/calls.js';
import type { Random } from '../support/random.js';
import { makeRequest, type FuzzRequest } from './bodies.js';

/** Longest that any answer may take, in milliseconds: the decoder gives up after 10 s, the machine may be busy. */
export const ANSWER_LIMIT_MS = 30_000;

const GARBLED = 'failed to marshal error message';

/** What an attack saw. */
export interface AttackResult {
  readonly requests: number;
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Kinds of requests, and how many of each were acknowledged. */
  readonly kinds: ReadonlyMap<string, { sent: number; acknowledged: number }>;
  /** Milliseconds from request to answer. */
  readonly latenciesMs: readonly number[];
  /** Valid calls in requests that were acknowledged: all of them must be stored. */
  readonly neighbours: readonly Call[];
  /** Records that the answers said were rejected, of requests that were acknowledged. */
  readonly rejectedRecords: number;
  /** Requests without an answer, valid requests that were refused, refusals without a reason: must stay empty. */
  readonly offences: readonly string[];
}

/** What an attack is made of. */
export interface AttackOptions {
  readonly url: string;
  readonly random: Random;
  readonly requests: number;
  /** Requests under way at a time. */
  readonly concurrency: number;
  /**
   * The collector's receiver repeats a body that is no UTF-8 in its reason, cannot encode that, and answers 500: a refusal
   * that no sender repeats, like 400. Default false.
   */
  readonly mayGarbleReason?: boolean;
  /**
   * The collector's JSON decoder takes an empty key for the end of its object, drops what follows, and acknowledges: such
   * bodies promise nothing about neighbours. Default false.
   */
  readonly losesAfterEmptyKey?: boolean;
  /** Called after each answer; sees memory and the like. */
  readonly onAnswer?: () => void | Promise<void>;
}

/** Sends a seeded stream of hostile requests and writes down every answer. */
export async function attack(options: AttackOptions): Promise<AttackResult> {
  const { random, requests, concurrency } = options;
  const record = new Record();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < requests) {
      next += 1;
      const request = makeRequest(random, Date.now());
      await send(options, request, next, record);
      await options.onAnswer?.();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return record.result();
}

class Record {
  readonly statuses = new Map<number, number>();
  readonly kinds = new Map<string, { sent: number; acknowledged: number }>();
  readonly latenciesMs: number[] = [];
  readonly neighbours: Call[] = [];
  readonly offences: string[] = [];
  requests = 0;
  rejectedRecords = 0;

  note(request: FuzzRequest, status: number, latencyMs: number, isCutShort: boolean): void {
    this.requests += 1;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.latenciesMs.push(latencyMs);
    const kind = this.kinds.get(request.kind) ?? { sent: 0, acknowledged: 0 };
    kind.sent += 1;
    if (status === 200) kind.acknowledged += 1;
    this.kinds.set(request.kind, kind);
    if (status === 200 && !isCutShort) this.neighbours.push(...request.neighbours);
  }

  result(): AttackResult {
    const { requests, statuses, kinds, latenciesMs, neighbours, rejectedRecords, offences } = this;
    return { requests, statuses, kinds, latenciesMs, neighbours, rejectedRecords, offences };
  }
}

async function send(options: AttackOptions, request: FuzzRequest, index: number, record: Record): Promise<void> {
  const what = `request ${index} (${request.kind}, ${request.body.length} bytes)`;
  const startedAt = performance.now();
  try {
    for (;;) {
      const askedAt = performance.now();
      const { status, text, type } = await post(options.url, request);
      // Asked to come back later: what a sender does, so that no neighbour is lost by not asking again.
      if (status === 429 || status === 503) {
        record.statuses.set(status, (record.statuses.get(status) ?? 0) + 1);
        if (performance.now() - startedAt > ANSWER_LIMIT_MS * 4) throw new Error('asked to come back for ever');
        continue;
      }
      const isCutShort = options.losesAfterEmptyKey === true && request.body.includes('"":');
      record.note(request, status, performance.now() - askedAt, isCutShort);
      if (status === 200) record.rejectedRecords += rejectedOf(text, type);
      else if (request.isValid) record.offences.push(`${what} is valid and was refused with ${status}: ${text}`);
      else if (status >= 500 && !(options.mayGarbleReason === true && text.includes(GARBLED)))
        record.offences.push(`${what} was answered ${status}: ${text}`);
      else if (text === '') record.offences.push(`${what}: ${status} without a reason`);
      return;
    }
  } catch (error) {
    record.offences.push(`${what} had no answer: ${String(error)}`);
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function post(url: string, { path, headers, body }: FuzzRequest): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get('content-type') ?? '', text: bytes.toString('latin1') };
}

/** `rejected_spans` and its kin of `partial_success`, in either form. */
function rejectedOf(text: string, type: string): number {
  if (text === '') return 0;
  if (type.includes('json')) return Number(/"rejected\w+":"?(\d+)/.exec(text)?.[1] ?? 0);
  const bytes = Buffer.from(text, 'latin1');
  // ExportTraceServiceResponse { 1: partial_success { 1: rejected (varint), 2: error_message } }
  if (bytes[0] !== 0x0a) return 0;
  let offset = 1;
  while ((bytes[offset] ?? 0) >= 128) offset += 1;
  offset += 1;
  if (bytes[offset] !== 0x08) return 0;
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[(offset += 1)] ?? 0;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
}
