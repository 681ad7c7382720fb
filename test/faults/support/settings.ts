function wholeNumber(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`${name} must be a whole number, not ${process.env[name]}`);
  return value;
}

/** What a run of the suite was asked for; see `run.mjs`. */
export const settings = {
  seed: wholeNumber('COSTEL_FAULTS_SEED', 1),
  /** Kills of the embedded stack. */
  kills: wholeNumber('COSTEL_FAULTS_KILLS', 24),
  /** Mutated bodies. */
  bodies: wholeNumber('COSTEL_FAULTS_BODIES', 10_000),
  /** Whether ClickHouse is away for 10 and 60 minutes instead of one. */
  isLong: process.env['COSTEL_FAULTS_LONG'] === '1',
} as const;
