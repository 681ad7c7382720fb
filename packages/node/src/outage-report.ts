import { diag } from '@opentelemetry/api';
import { printableUrl } from './options.js';

/**
 * Answers that say the batch itself is refused; sending it again changes nothing. 408 and 429 are about the moment.
 */
export function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' && code >= 400 && code < 500 && code !== 408 && code !== 429;
}

/**
 * Says once that a signal's receiver is out of reach or refuses what it is sent, and once that it takes it again. The
 * signals of one process share what was told, so that one receiver that is away is told once; but each signal has an
 * outage of its own: a back end without metrics refuses those for good while it takes every trace.
 */
export class OutageReport {
  readonly #url: string;
  readonly #told: Set<string>;
  /** What was told of the present outage, by this signal or by another before it; undefined while there is none. */
  #outage: string | undefined;
  #droppedSpans = 0;

  /**
   * @param url the signal's own, e.g. `http://localhost:4318/v1/traces`.
   * @param told outages that need no further word; shared by the signals of a process.
   * @throws TypeError where `url` is none.
   */
  constructor(url: string, told = new Set<string>()) {
    this.#url = printableUrl(url);
    this.#told = told;
  }

  /** An export failed. */
  failed(error: unknown): void {
    if (this.#outage !== undefined) return;
    const isRefused = isRefusal(error);
    const { protocol, host } = new URL(this.#url);
    this.#outage = `${protocol}//${host} ${isRefused ? nameOf(error) : 'away'}`;
    if (this.#told.has(this.#outage)) return;
    this.#told.add(this.#outage);
    const outcome = isRefused
      ? 'what is refused is not sent again: check this URL and the headers.'
      : 'telemetry is kept for a while and sent when the receiver answers ("costel up" starts one).';
    console.warn(
      `costel: cannot export to ${this.#url} (${nameOf(error)}). The application is not affected; ${outcome} ` +
        'This is said once an outage.',
    );
  }

  /** Spans that were given up. */
  dropped(spans: number): void {
    this.#droppedSpans += spans;
  }

  /** An export arrived. */
  succeeded(): void {
    if (this.#outage === undefined) return;
    this.#told.delete(this.#outage);
    this.#outage = undefined;
    const lost = this.#droppedSpans === 0 ? 'nothing was lost' : `${this.#droppedSpans} spans were dropped meanwhile`;
    this.#droppedSpans = 0;
    diag.info(`costel: exporting to ${this.#url} again; ${lost}`);
  }
}

/** The error's code or class; its message may quote an answer. */
function nameOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  return typeof name === 'string' ? name : 'unknown error';
}
