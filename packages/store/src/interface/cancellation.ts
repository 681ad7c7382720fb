import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import { InterfaceError } from './interface-error.js';

/** Between two attempts: the first may come before the engine lists the statement. */
const KILL_INTERVAL_MS = 200;

/**
 * Runs a statement that carries `mark` in its `log_comment` and has the engine end it (from another connection) when the
 * client is gone; measured: 60 ms after the command. What the engine does not end, `max_execution_time` does.
 * @throws InterfaceError 394 where the client was gone before it began.
 */
export async function runCancellable<Result>(
  database: EmbeddedDatabase,
  { mark, signal }: { readonly mark: string; readonly signal: AbortSignal },
  work: () => Promise<Result>,
): Promise<Result> {
  if (signal.aborted) throw cancelled();
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => {
    // The mark is a UUID of ours.
    database.run(`KILL QUERY WHERE Settings['log_comment'] = '${mark}' ASYNC`).catch(() => undefined);
  };
  const start = (): void => {
    kill();
    timer = setInterval(kill, KILL_INTERVAL_MS);
  };
  signal.addEventListener('abort', start, { once: true });
  try {
    return await work();
  } finally {
    signal.removeEventListener('abort', start);
    clearInterval(timer);
  }
}

function cancelled(): InterfaceError {
  return new InterfaceError(394, 'QUERY_WAS_CANCELLED', 'the client is gone');
}
