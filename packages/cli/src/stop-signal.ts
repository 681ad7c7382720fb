import { say } from './output.js';

/** Longest that a clean stop may take before the process ends all the same. */
const STOP_PATIENCE_MS = 15_000;

/** Waits for SIGINT or SIGTERM; a second one ends the process at once. */
export async function waitForStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(1);
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
    say('costel: stopping took too long and was cut off; nothing acknowledged is lost');
    process.exit(1);
  }, STOP_PATIENCE_MS);
  await stop();
  clearTimeout(timer);
  say('Stopped.');
}
