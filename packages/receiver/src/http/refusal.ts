import type { HttpRefusalReason } from '../stats.js';

/** A request that is answered with an error. */
export class Refusal extends Error {
  readonly reason: HttpRefusalReason;

  constructor(reason: HttpRefusalReason, message: string) {
    super(message);
    this.name = 'Refusal';
    this.reason = reason;
  }
}

/** What a failure is answered with; one that nobody foresaw may be repeated. */
export function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal('decoder_restarted', 'internal error');
}
