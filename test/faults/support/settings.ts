function wholeNumber(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`${name} must be a whole number, not ${process.env[name]}`);
  return value;
}

function awayMinutes(): readonly number[] {
  const minutes = wholeNumber('COSTEL_FAULTS_MINUTES', 0);
  if (minutes > 0) return [minutes];
  return process.env['COSTEL_FAULTS_LONG'] === '1' ? [10, 60] : [1];
}

/** What a run of the suite was asked for; see `run.mjs`. */
export const settings = {
  seed: wholeNumber('COSTEL_FAULTS_SEED', 1),
  /** Kills of the embedded stack. */
  kills: wholeNumber('COSTEL_FAULTS_KILLS', 24),
  /** Mutated bodies. */
  bodies: wholeNumber('COSTEL_FAULTS_BODIES', 10_000),
  /** For how many minutes ClickHouse is away, one run after the other. */
  awayMinutes: awayMinutes(),
  /** Pause between two requests of a sender while ClickHouse is away, in milliseconds. */
  awayPauseMs: wholeNumber('COSTEL_FAULTS_PAUSE', 75),
} as const;
