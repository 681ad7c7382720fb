import type { ReceiverLimits } from '../limits.js';
import type { DecodeJob, DecodeOutcome } from './decode-request.js';

/** What the worker is started with. */
export interface DecodeWorkerData {
  readonly limits: ReceiverLimits;
  readonly tenant: string;
}

/** A request on its way to the worker; its body is transferred. */
export interface DecodeRequestMessage {
  readonly id: number;
  readonly job: DecodeJob;
}

/** Says that the worker has loaded and takes requests. */
export const WORKER_READY = 'ready';

/** Its answer; the rows are transferred. */
export interface DecodeResponseMessage {
  readonly id: number;
  readonly outcome: DecodeOutcome;
}
