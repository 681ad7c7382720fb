import type { GenAiOperation } from '@costel/semconv';

/** How a job stands, as the provider's answer says. */
export interface JobState {
  readonly id: string;
  /** False as long as the answer may still change; what it used is not known then. */
  readonly hasEnded: boolean;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  /** Milliseconds since 1970; undefined where the provider does not say. */
  readonly endedAtMs?: number | undefined;
  readonly model: string;
  /** What the job did, where that is not what its method does. */
  readonly operation?: GenAiOperation | undefined;
}

/** Reads an answer of an API whose work goes on after it was asked for; undefined where it is no job that is billed. */
export type ReadJob = (answer: unknown) => JobState | undefined;
