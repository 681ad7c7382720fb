import type { UsageReading } from '@costel/pricing';
import { asRecord, asText } from '../sdks/read-unknown.js';
import { instantMs } from './instant-ms.js';
import type { JobState, ReadJob } from './job-definition.js';

const ENDED: ReadonlySet<unknown> = new Set([
  'BATCH_STATUS_COMPLETED',
  'BATCH_STATUS_FAILED',
  'BATCH_STATUS_CANCELED',
  'complete',
  'cancelled',
  'failed',
]);

type Fields = Readonly<Record<string, unknown>>;

/** What a hidden method of the SDK answers: the body beside the response. */
function bodyOf(answer: unknown): Fields | undefined {
  return asRecord(asRecord(answer)?.['data']) ?? asRecord(answer);
}

function stateOf(job: Fields | undefined, id: string | undefined): JobState | undefined {
  if (job === undefined || id === undefined) return undefined;
  const hasEnded = ENDED.has(job['status']);
  return {
    id,
    hasEnded,
    createdAtMs: instantMs(job['createdAt']) ?? Date.now(),
    endedAtMs: instantMs(job['updatedAt']),
    model: asText(job['model']) ?? '',
  };
}

/** A batch, inside the answer of looking at it; what it used is known when it has ended. */
export const readCohereBatch: ReadJob = (answer) => {
  const batch = asRecord(bodyOf(answer)?.['batch']);
  const state = stateOf(batch, asText(batch?.['id']));
  // It does not say what its requests were; only those of chats are answered in tokens.
  if (state === undefined || (count(batch?.['outputTokens']) ?? 0) === 0) return state;
  return { ...state, operation: 'chat' };
};

/** A job that embeds a dataset. */
export const readEmbedJob: ReadJob = (answer) => {
  const job = bodyOf(answer);
  return stateOf(job, asText(job?.['jobId']));
};

function reading(id: string | undefined, usage: UsageReading['usage'], serviceTier: string): UsageReading {
  const isKnown = Object.keys(usage).length > 0;
  return {
    usage,
    quality: isKnown ? 'reported' : 'missing',
    serviceTier,
    region: '',
    finishReasons: [],
    ...(id === undefined ? {} : { responseId: id }),
  };
}

function count(value: unknown): number | undefined {
  const tokens = Number(value ?? Number.NaN);
  return Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : undefined;
}

/** The tokens that a batch counted: they come as texts. */
export function readCohereBatchUsage(answer: unknown): UsageReading {
  const batch = asRecord(bodyOf(answer)?.['batch']);
  const [input, output] = [count(batch?.['inputTokens']), count(batch?.['outputTokens'])];
  const usage = { ...(input === undefined ? {} : { input }), ...(output === undefined ? {} : { output }) };
  return reading(asText(batch?.['id']), usage, 'batch');
}

/** What an embedding job was billed for. */
export function readEmbedJobUsage(answer: unknown): UsageReading {
  const job = bodyOf(answer);
  const billed = asRecord(asRecord(job?.['meta'])?.['billedUnits']);
  const input = count(billed?.['inputTokens']);
  return reading(asText(job?.['jobId']), input === undefined ? {} : { input }, '');
}
