/** How much a line of the log matters. */
export type LogLevel = 'info' | 'warn' | 'error';

/** Takes one line of the log and what belongs to it. Values are never secrets. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Writes a line as `TIME LEVEL message key=value …` to stderr. */
export function createStderrLog(clock: () => number): Log {
  return (level, message, fields = {}) => {
    const details = Object.entries(fields).map(
      ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    process.stderr.write(`${new Date(clock()).toISOString()} ${level} ${message}${details.join('')}\n`);
  };
}
