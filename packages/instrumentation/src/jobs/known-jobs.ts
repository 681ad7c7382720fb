import type { LlmCall } from '../calls/llm-call.js';

/** Jobs that a process keeps track of; with more, the oldest are forgotten. */
const MAX_KNOWN_JOBS = 10_000;

const openCallOfJob = new Map<string, LlmCall>();
const counted = new Set<string>();

/** Leaves a call open until its job is seen to have ended. */
export function holdCall(jobId: string, call: LlmCall): void {
  openCallOfJob.set(jobId, call);
  if (openCallOfJob.size <= MAX_KNOWN_JOBS) return;
  const [oldest] = openCallOfJob;
  if (oldest === undefined) return;
  openCallOfJob.delete(oldest[0]);
  oldest[1].onUnread('abandoned');
}

/** The call that waits for the job; undefined where it was asked for elsewhere, or has been answered. */
export function heldCall(jobId: string): LlmCall | undefined {
  return openCallOfJob.get(jobId);
}

/**
 * Says that a job's cost is on a span.
 * @returns false when it was before: a job is looked at many times and counted once.
 */
export function countJob(jobId: string): boolean {
  openCallOfJob.delete(jobId);
  if (counted.has(jobId)) return false;
  counted.add(jobId);
  const [oldest] = counted;
  if (counted.size > MAX_KNOWN_JOBS && oldest !== undefined) counted.delete(oldest);
  return true;
}
