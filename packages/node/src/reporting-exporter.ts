import { diag } from '@opentelemetry/api';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';

/** An exporter of either signal. */
interface Exporter<Batch> {
  export(batch: Batch, done: (result: ExportResult) => void): void;
}

/** Says once that a receiver is out of reach, and once that it is back. */
export class OutageReport {
  readonly #target: string;
  #isOut = false;

  constructor(target: string) {
    this.#target = target;
  }

  failed(error: Error | undefined): void {
    if (this.#isOut) return;
    this.#isOut = true;
    const code = (error as { code?: unknown } | undefined)?.code;
    const reason = typeof code === 'string' || typeof code === 'number' ? code : (error?.name ?? 'unknown error');
    console.warn(
      `costel: cannot export to ${this.#target} (${reason}); the application is not affected, its telemetry ` +
        'is dropped until the receiver answers ("costel up" starts one). This is said once an outage.',
    );
  }

  succeeded(): void {
    if (!this.#isOut) return;
    this.#isOut = false;
    diag.info(`costel: exporting to ${this.#target} again`);
  }
}

/**
 * Makes an exporter report trouble once an outage in place of once a batch. The result that is passed on is always a
 * success: the SDK would only log a failure, for the exporter has already tried again.
 */
export function reportOutages<Batch, Target extends Exporter<Batch>>(exporter: Target, report: OutageReport): Target {
  const send: (batch: Batch, done: (result: ExportResult) => void) => void = exporter.export.bind(exporter);
  exporter.export = (batch, done) => {
    send(batch, (result) => {
      if (result.code === ExportResultCode.SUCCESS) report.succeeded();
      else report.failed(result.error);
      done({ code: ExportResultCode.SUCCESS });
    });
  };
  return exporter;
}
