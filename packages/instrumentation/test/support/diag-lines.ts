import { diag, DiagLogLevel } from '@opentelemetry/api';

/** Collects everything that goes to `diag`, as text. */
export class DiagLines {
  readonly lines: string[] = [];

  constructor(level = DiagLogLevel.ALL) {
    const write =
      (name: string) =>
      (...parts: unknown[]): void => {
        this.lines.push(
          `${name} ${parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ')}`,
        );
      };
    diag.setLogger(
      {
        error: write('error'),
        warn: write('warn'),
        info: write('info'),
        debug: write('debug'),
        verbose: write('verbose'),
      },
      { logLevel: level, suppressOverrideMessage: true },
    );
  }

  /** The lines that hold a text. */
  matching(part: string): string[] {
    return this.lines.filter((line) => line.includes(part));
  }

  stop(): void {
    diag.disable();
  }
}
