import type { RunResult } from '../engine/engine-connection.js';

/** What a statement gave. */
export interface StatementResult {
  readonly bytes: Uint8Array;
  readonly format: string;
  readonly rowsRead: number;
  readonly bytesRead: number;
  /** Of an insert that brought its rows along; the engine does not say it of `INSERT … SELECT`. */
  readonly rowsWritten: number;
  readonly bytesWritten: number;
  readonly elapsedSeconds: number;
}

/** Of a statement that reads. */
export function readResult({ bytes, elapsedSeconds, rowsRead, bytesRead }: RunResult, format: string): StatementResult {
  return { bytes, format, elapsedSeconds, rowsRead, bytesRead, rowsWritten: 0, bytesWritten: 0 };
}

/** Of a statement without an answer. */
export function emptyResult(format: string): StatementResult {
  return {
    bytes: new Uint8Array(0),
    format,
    elapsedSeconds: 0,
    rowsRead: 0,
    bytesRead: 0,
    rowsWritten: 0,
    bytesWritten: 0,
  };
}
