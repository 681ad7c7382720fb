import type { UsageReading } from '@costel/pricing';
import { asRecord, asText } from '../sdks/read-unknown.js';
import { instantMs } from './instant-ms.js';
import type { ReadJob } from './job-definition.js';

/** Ends of an asynchronous invocation. */
const ENDED: ReadonlySet<unknown> = new Set(['Completed', 'Failed']);

/** Reads what starting an invocation answers (inside the handler's result), and what looking at it does. */
export const readAsyncInvoke: ReadJob = (answer) => {
  const invocation = asRecord(asRecord(answer)?.['output']) ?? asRecord(answer);
  const id = asText(invocation?.['invocationArn']);
  if (invocation === undefined || id === undefined) return undefined;
  return {
    id,
    hasEnded: ENDED.has(invocation['status']),
    createdAtMs: instantMs(invocation['submitTime']) ?? Date.now(),
    endedAtMs: instantMs(invocation['endTime']),
    model: '',
  };
};

/** Seconds of a shot of Nova Reel where several are described, and, by its documentation, of a video of no stated length. */
const SHOT_SECONDS = 6;

/** How long a video the request asks for: of Nova Reel in seconds or shots, of Luma's Ray as text (`5s`). */
function secondsAsked(request: Record<string, unknown> | undefined): number | undefined {
  const seconds = asRecord(request?.['videoGenerationConfig'])?.['durationSeconds'];
  if (typeof seconds === 'number') return seconds;
  const shots = asRecord(request?.['multiShotManualParams'])?.['shots'];
  if (Array.isArray(shots)) return shots.length * SHOT_SECONDS;
  const text = /^(\d+)s$/.exec(asText(request?.['duration']) ?? '')?.[1];
  return text === undefined ? undefined : Number(text);
}

/**
 * A video by the seconds that its request asked for; one that failed is not billed. Of other models' work neither the
 * answer nor the request tells how much there was.
 */
export function readInvokedVideo(answer: unknown, request: unknown): UsageReading | undefined {
  if (asRecord(answer)?.['status'] === 'Failed') return reading({});
  const input = asRecord(asRecord(request)?.['modelInput']);
  const seconds = secondsAsked(input);
  if (seconds !== undefined) return reading({ video_second: seconds });
  return input?.['taskType'] === 'TEXT_VIDEO' ? reading({ video_second: SHOT_SECONDS }, 'estimated') : undefined;
}

function reading(usage: UsageReading['usage'], quality: UsageReading['quality'] = 'reported'): UsageReading {
  return { usage, quality, serviceTier: '', region: '', finishReasons: [] };
}
