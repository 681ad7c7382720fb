import { readUsage, type UsageReading } from '@costel/pricing';
import { context, type Context } from '@opentelemetry/api';
import { activeAttribution, withoutAttributionBaggage } from '../attribution/with-cost-attribution.js';
import { openOwnCall, type Interception } from '../calls/intercept.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import { hearAnswer } from './hear-answer.js';
import { instantMs } from './instant-ms.js';
import type { JobState, ReadJob } from './job-definition.js';
import { countJob, heldCall } from './known-jobs.js';
import { serverOf } from './observe-job.js';
import { rememberResultFile } from './result-files.js';
import { traceOfJob } from './trace-of-job.js';

/** A model's own name, without the path that Google puts before it. */
function lastOf(path: unknown): string {
  const text = asText(path) ?? '';
  return text.slice(text.lastIndexOf('/') + 1);
}

const BATCH_ENDED: ReadonlySet<unknown> = new Set(['JOB_STATE_SUCCEEDED', 'JOB_STATE_PARTIALLY_SUCCEEDED']);

/** The answers of a batch that holds them itself; for those of batches from files see result-files.ts. */
function answersOf(batch: unknown): readonly unknown[] {
  const job = asRecord(batch);
  const destination = asRecord(job?.['dest']);
  const answers = destination?.['inlinedResponses'] ?? destination?.['inlinedEmbedContentResponses'];
  return BATCH_ENDED.has(job?.['state']) && Array.isArray(answers) ? answers : [];
}

/** `batches.get` with a listener: each answer of a batch that has ended is a call, once, at the batch price. */
export function observeGoogleBatch(original: AnyFunction, interception: Interception): AnyFunction {
  return function (...args) {
    const result = Reflect.apply(original, this, args);
    if (!interception.recorder.isEnabled) return result;
    const lookedIn = context.active();
    return hearAnswer(result, (batch) => {
      rememberFileOf(asRecord(batch));
      reportBatch(batch, this, interception, lookedIn);
    });
  };
}

/** The answers of a batch from a file are in a file. */
function rememberFileOf(job: Readonly<Record<string, unknown>> | undefined): void {
  rememberResultFile(asRecord(job?.['dest'])?.['fileName'], {
    createdAtMs: instantMs(job?.['createTime']),
    endedAtMs: instantMs(job?.['endTime']),
    model: lastOf(job?.['model']),
  });
}

function reportBatch(batch: unknown, self: unknown, interception: Interception, lookedIn: Context): void {
  const job = asRecord(batch);
  const name = asText(job?.['name']) ?? '';
  const model = lastOf(job?.['model']);
  const { recorder, method } = interception;
  const server = serverOf(self, interception);
  for (const [index, entry] of answersOf(batch).entries()) {
    const answer = asRecord(entry)?.['response'];
    // A request that failed is not billed.
    if (asRecord(answer) === undefined || !countJob(`${name}/${index}`)) continue;
    const reading = readBatched(answer, server.provider);
    const startedAtMs = instantMs(job?.['createTime']) ?? Date.now();
    const call = openOwnCall(
      {
        recorder,
        method: { ...method, readAnswer: () => reading },
        facts: {
          model,
          stream: false,
          operation: asRecord(answer)?.['embedding'] === undefined ? 'generate_content' : 'embeddings',
        },
        server,
        attribution: activeAttribution(lookedIn, recorder.options.readBaggage),
        body: {},
        hidesUsageChunk: false,
        startedAtMs,
      },
      traceOfJob(withoutAttributionBaggage(lookedIn), server.provider, `${name}/${index}`),
    );
    call.onJobDone(answer, instantMs(job?.['endTime']) ?? startedAtMs);
  }
}

function readBatched(answer: unknown, provider: string): UsageReading | undefined {
  const tokens = Number(asRecord(answer)?.['tokenCount']);
  if (asRecord(answer)?.['embedding'] !== undefined && Number.isInteger(tokens))
    return { usage: { input: tokens }, quality: 'reported', serviceTier: 'batch', region: '', finishReasons: [] };
  const reading = readUsage('generateContent', provider, answer);
  return reading === undefined ? undefined : { ...reading, serviceTier: 'batch' };
}

/**
 * An interaction that goes on in the background. None says later that it did, so only those are told of that this process
 * asked for.
 */
export const readInteraction: ReadJob = (answer): JobState | undefined => {
  const interaction = asRecord(answer);
  const id = asText(interaction?.['id']);
  const status = asText(interaction?.['status']);
  if (id === undefined || status === undefined) return undefined;
  const hasEnded = status !== 'in_progress';
  if (hasEnded && heldCall(id) === undefined) return undefined;
  return {
    id,
    hasEnded,
    createdAtMs: instantMs(interaction?.['created']) ?? Date.now(),
    endedAtMs: instantMs(interaction?.['updated']),
    model: lastOf(interaction?.['model'] ?? interaction?.['agent']),
  };
};

/**
 * The operation that makes a video, among those that do other things. It does not say when it began; who asked for it
 * knows.
 */
export const readVideoOperation: ReadJob = (answer): JobState | undefined => {
  const operation = asRecord(answer);
  const id = asText(operation?.['name']);
  if (id === undefined) return undefined;
  const hasEnded = operation?.['done'] === true;
  if (hasEnded && videosOf(operation) === undefined && heldCall(id) === undefined) return undefined;
  return { id, hasEnded, createdAtMs: Date.now(), model: lastOf(id.split('/operations/')[0]) };
};

function videosOf(operation: unknown): readonly unknown[] | undefined {
  const videos = asRecord(asRecord(operation)?.['response'])?.['generatedVideos'];
  return Array.isArray(videos) ? videos : undefined;
}

/** The length of a video where the request leaves it to the model, which Google documents as eight seconds. */
const DEFAULT_VIDEO_SECONDS = 8;

/** Videos are billed by their seconds, which only the request tells; one that could not be made is not. */
export function readVideos(answer: unknown, request: unknown): UsageReading | undefined {
  const made = videosOf(answer)?.length ?? 0;
  if (made === 0) return asRecord(answer)?.['done'] === true ? videoUsage({}, 'reported') : undefined;
  if (asRecord(request)?.['model'] === undefined) return videoUsage({}, 'missing');
  const stated = asRecord(asRecord(request)?.['config'])?.['durationSeconds'];
  const seconds = typeof stated === 'number' ? stated : DEFAULT_VIDEO_SECONDS;
  return videoUsage({ video_second: Math.ceil(seconds) * made }, typeof stated === 'number' ? 'reported' : 'estimated');
}

function videoUsage(usage: UsageReading['usage'], quality: UsageReading['quality']): UsageReading {
  return { usage, quality, serviceTier: '', region: '', finishReasons: [] };
}
