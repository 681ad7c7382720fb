import { writeSync } from 'node:fs';
import { say } from './output.js';

/** Longest that a clean stop may take before the process ends all the same. */
const STOP_PATIENCE_MS = 15_000;

/**
 * Ends the process without an orderly exit, whose end of the engine's library crashes while statements run: to a shell that
 * looks as if data were lost. What was acknowledged survives it as it does any kill.
 */
function endAtOnce(reason: string): void {
  writeSync(process.stderr.fd, `costel: ${reason}; nothing acknowledged is lost\n`);
  process.kill(process.pid, 'SIGKILL');
}

/** Waits for SIGINT or SIGTERM; a second one ends the process at once. */
export async function waitForStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stopping) endAtOnce(`second ${signal}, ended at once`);
      stopping = true;
      resolveSignal(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/** Waits for the signal, then stops cleanly and says so; cuts a stop off that takes too long. */
export async function stopOn(signal: Promise<NodeJS.Signals>, stop: () => Promise<void>): Promise<void> {
  say(`\n${await signal}: answering what is under way, then stopping …`);
  const timer = setTimeout(() => {
    endAtOnce('stopping took too long and was cut off');
  }, STOP_PATIENCE_MS);
  await stop();
  clearTimeout(timer);
  say('Stopped.');
}
