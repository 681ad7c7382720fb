import { INPUT_BUCKETS, OUTPUT_BUCKETS } from '@costel/pricing';
import type { Recording } from './recordings.js';

/** The APIs whose calls are instrumented and billed, most of them by tokens. */
const BILLED = new Set(['chat.completions', 'responses', 'responses.compact', 'completions', 'embeddings', 'messages']);

/** The same, where the recorded request tells which of the SDK's methods made it. */
const BILLED_BY_PATH = new Set(['images', 'audio']);

/** A span that a replayed recording left. */
export interface SpanSeen {
  readonly recording: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** True of what a call bills beside its own counts, below the call's span. */
  readonly isPart?: boolean;
}

/** The recordings of calls that are billed. */
export function billedOf(recordings: readonly Recording[]): Recording[] {
  return recordings.filter(
    ({ api, request }) =>
      (BILLED.has(api) && (request?.method ?? 'POST') === 'POST') ||
      (BILLED_BY_PATH.has(api) && request?.method === 'POST'),
  );
}

function count(recording: Recording, name: string): number {
  const value = recording.canonical_usage?.[name];
  return typeof value === 'number' ? value : 0;
}

/** True where the recording reports tokens. */
export function hasTokens(recording: Recording): boolean {
  return count(recording, 'input') + count(recording, 'output') > 0;
}

/** What the buckets add up to; a span without any says that the counts of the conventions tell all. */
function bucketSum(span: SpanSeen, buckets: readonly string[], conventionalCount: number): number {
  const counts = [...INPUT_BUCKETS, ...OUTPUT_BUCKETS].map((bucket) => span.attributes[`costel.usage.${bucket}`]);
  if (counts.every((stated) => stated === undefined)) return conventionalCount;
  return buckets.reduce((sum, bucket) => sum + Number(span.attributes[`costel.usage.${bucket}`] ?? 0), 0);
}

interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** The events of a stream, or the one answer. */
function eventsOf({ body }: Recording['response']): unknown[] {
  if (typeof body !== 'string') return [body];
  const lines = body.split('\n').filter((line) => line.startsWith('data: {'));
  return lines.length === 0 ? [JSON.parse(body)] : lines.map((line): unknown => JSON.parse(line.slice(6)));
}

/** What a compaction of the context read and wrote: billed, and left out of the totals that the recording reports. */
function compactionOf(recording: Recording): Tokens {
  if (recording.api !== 'messages') return { input: 0, output: 0 };
  const stated = eventsOf(recording.response).map(
    (event) => (event as { usage?: { iterations?: Readonly<Record<string, unknown>>[] } }).usage?.iterations,
  );
  const compactions = (stated.findLast((list) => list !== undefined && list !== null) ?? []).filter(
    ({ type }) => type === 'compaction',
  );
  const sum = (names: readonly string[]) =>
    compactions.reduce((total, part) => total + names.reduce((all, name) => all + Number(part[name] ?? 0), 0), 0);
  return {
    input: sum(['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']),
    output: sum(['output_tokens']),
  };
}

/** What is wrong with the usage on a span; none: it is the recording's. */
export function usageProblem(recording: Recording, span: SpanSeen | undefined): string[] {
  if (!span) return [`${recording.id}: no span`];
  const compaction = compactionOf(recording);
  const input = Number(span.attributes['gen_ai.usage.input_tokens']);
  const output = Number(span.attributes['gen_ai.usage.output_tokens'] ?? 0);
  const seen = [bucketSum(span, INPUT_BUCKETS, input), bucketSum(span, OUTPUT_BUCKETS, output), input, output];
  const wantedInput = count(recording, 'input') + compaction.input;
  const wantedOutput = count(recording, 'output') + compaction.output;
  const wanted = [wantedInput, wantedOutput, wantedInput, wantedOutput];
  // Where the span is the SDK's own, it states its totals itself, without compactions; the buckets are ours and count.
  const checked = compaction.input > 0 ? 2 : wanted.length;
  return seen.slice(0, checked).every((value, index) => value === wanted[index])
    ? []
    : [`${recording.api} ${recording.id}: wanted ${wanted.join('/')}, span says ${seen.join('/')}`];
}

/** A span's cost of tokens alone: the catalogues whose agreement is the reference know no fees for searches. */
function tokenCostUsd(span: SpanSeen | undefined): number | undefined {
  const lineItems = span?.attributes['costel.cost.line_items'];
  if (span?.attributes['costel.cost.usd'] === undefined || typeof lineItems !== 'string') return undefined;
  const items = JSON.parse(lineItems) as { bucket: string; cost_usd: string }[];
  const tokens = items.filter(({ bucket }) => [...INPUT_BUCKETS, ...OUTPUT_BUCKETS].some((name) => name === bucket));
  return tokens.reduce((sum, item) => sum + Number(item.cost_usd), 0);
}

function isClose(left: number, right: number): boolean {
  return Math.abs(left - right) <= Math.max(right * 0.001, 1e-10);
}

/** What is wrong with the cost on a span; none: it is what the catalogues agree on, and none for an error. */
export function costProblem(recording: Recording, span: SpanSeen | undefined): string[] {
  const cost = span?.attributes['costel.cost.usd'];
  if (recording.response.status >= 400) return cost === undefined ? [] : [`${recording.id}: an error costs ${cost}`];
  const { expected, provider_reported_cost_usd: reported } = recording;
  const accepted = [reported, expected?.agree === true ? expected.usd : undefined, expected?.adjudicated_usd].filter(
    (usd) => typeof usd === 'number',
  );
  if (expected?.agree !== true || accepted.length === 0) return [];
  // What a provider reports holds as a whole, searches included.
  if (typeof reported === 'number' && isClose(Number(cost), reported)) return [];
  const tokens = tokenCostUsd(span);
  // The catalogues' tools know nothing of compactions; what these cost comes on top of what they agree on.
  if (compactionOf(recording).input > 0)
    return tokens !== undefined && accepted.every((usd) => tokens > usd) ? [] : [`${recording.id}: compaction is free`];
  const right = tokens !== undefined && accepted.some((usd) => isClose(tokens, usd));
  return right
    ? []
    : [
        `${recording.api} ${recording.id} ${recording.response_model}: wanted ${accepted.join(' or ')}, span says ${cost ?? span?.attributes['costel.cost.reason'] ?? 'nothing'}`,
      ];
}
