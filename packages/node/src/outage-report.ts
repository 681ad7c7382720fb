import { diag } from '@opentelemetry/api';

/** Says once that the receiver is out of reach, and once that it is back; shared by traces and metrics. */
export class OutageReport {
  readonly #target: string;
  #isOut = false;
  #droppedSpans = 0;

  constructor(target: string) {
    this.#target = target;
  }

  /** An export failed. */
  failed(error: unknown): void {
    if (this.#isOut) return;
    this.#isOut = true;
    console.warn(
      `costel: cannot export to ${this.#target} (${nameOf(error)}). The application is not affected; telemetry is kept ` +
        'for a while and sent when the receiver answers ("costel up" starts one). This is said once an outage.',
    );
  }

  /** Spans that were given up. */
  dropped(spans: number): void {
    this.#droppedSpans += spans;
  }

  /** An export arrived. */
  succeeded(): void {
    if (!this.#isOut) return;
    this.#isOut = false;
    const lost = this.#droppedSpans === 0 ? 'nothing was lost' : `${this.#droppedSpans} spans were dropped meanwhile`;
    this.#droppedSpans = 0;
    diag.info(`costel: exporting to ${this.#target} again; ${lost}`);
  }
}

/** The error's code or class; its message may quote an answer. */
function nameOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  return typeof name === 'string' ? name : 'unknown error';
}
