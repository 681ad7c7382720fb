import type { CostelHandle } from './options.js';

/** Longest time that the end of the process waits for the last export. */
const EXIT_FLUSH_TIMEOUT_MS = 2000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Sends what is left when the event loop runs empty or the process is told to end. A signal is not taken away from
 * anybody: where the application has a listener of its own, that one decides about the end; where it has none, the
 * signal is raised again after the flush, so that the process ends as it would have.
 * @returns a function that takes the listeners off again.
 */
export function flushOnExit(handle: CostelHandle): () => void {
  const onBeforeExit = () => {
    void handle.shutdown(EXIT_FLUSH_TIMEOUT_MS);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    const isAlone = process.listenerCount(signal) === 1;
    void flushThenRaise(signal, isAlone);
  };
  const flushThenRaise = async (signal: NodeJS.Signals, isAlone: boolean) => {
    await (isAlone ? handle.shutdown(EXIT_FLUSH_TIMEOUT_MS) : handle.forceFlush(EXIT_FLUSH_TIMEOUT_MS));
    if (!isAlone) return;
    process.removeListener(signal, onSignal);
    process.kill(process.pid, signal);
  };
  process.once('beforeExit', onBeforeExit);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    process.removeListener('beforeExit', onBeforeExit);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
}
