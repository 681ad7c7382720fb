import { createStreamReader, type StreamReader } from '@costel/pricing';
import type { GenAiOperation } from '@costel/semconv';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { JobState, ReadJob } from './job-definition.js';
import { countJob } from './known-jobs.js';

const ENDED: ReadonlySet<unknown> = new Set(['completed', 'failed', 'cancelled', 'expired', 'incomplete']);

function instantMs(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function stateOf(answer: unknown, endedAt: readonly string[]): JobState | undefined {
  const job = asRecord(answer);
  const id = asText(job?.['id']);
  const createdAtMs = instantMs(job?.['created_at']);
  if (job === undefined || id === undefined || createdAtMs === undefined) return undefined;
  return {
    id,
    hasEnded: ENDED.has(job['status']),
    createdAtMs,
    endedAtMs: endedAt.map((name) => instantMs(job[name])).find((instant) => instant !== undefined),
    model: asText(job['model']) ?? '',
  };
}

/** A response that is made in the background; every other one was whole when it was answered. */
export const readBackgroundResponse: ReadJob = (answer) =>
  asRecord(answer)?.['background'] === true ? stateOf(answer, ['completed_at']) : undefined;

const OPERATION_OF_ENDPOINT: Readonly<Record<string, GenAiOperation>> = {
  '/v1/embeddings': 'embeddings',
  '/v1/completions': 'text_completion',
  '/v1/moderations': 'moderation',
  '/v1/images/generations': 'image_generation',
  '/v1/images/edits': 'image_generation',
  '/v1/videos': 'video_generation',
};

/** A batch; one that does not say what it used (older ones, other providers) cannot be counted from here. */
export const readBatch: ReadJob = (answer) => {
  const batch = asRecord(answer);
  const state = stateOf(answer, ['completed_at', 'cancelled_at', 'expired_at', 'failed_at']);
  if (state === undefined || asRecord(batch?.['usage']) === undefined) return undefined;
  return { ...state, operation: OPERATION_OF_ENDPOINT[asText(batch?.['endpoint']) ?? ''] };
};

/** A video; what failed is not billed. */
export const readVideo: ReadJob = (answer) =>
  asRecord(answer)?.['status'] === 'completed' ? stateOf(answer, ['completed_at']) : undefined;

/** An assistant's run, over all of its turns with tools; its usage is stated when it has ended. */
export const readRun: ReadJob = (answer) =>
  asRecord(answer)?.['object'] === 'thread.run'
    ? stateOf(answer, ['completed_at', 'cancelled_at', 'failed_at', 'expires_at'])
    : undefined;

/** Reads the events of a run, which hold the run itself; one whose end is streamed is not counted when it is looked at. */
export function createRunReader(_request: unknown, provider: string): StreamReader {
  const reader = createStreamReader('assistants', provider);
  return {
    push(event) {
      const data = asRecord(event)?.['data'] ?? event;
      const run = asRecord(data);
      if (run?.['object'] === 'thread.run' && asRecord(run['usage']) !== undefined) countJob(asText(run['id']) ?? '');
      reader.push(data);
    },
    // What a thread holds is not in the request, so nothing is estimated.
    finish: () => reader.finish(),
  };
}
