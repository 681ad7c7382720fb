/** One thing that is wrong with a configuration file. */
export interface ConfigProblem {
  /** Value, limit and fix, e.g. `budget "search": limit_usd -5 must be > 0`. */
  readonly message: string;
  readonly file: string;
  /** One-based; absent where the file as a whole is meant. */
  readonly line?: number;
}

/** `message (file:line)`. */
function describeProblem(problem: ConfigProblem): string {
  return `${problem.message} (${problem.file}${problem.line === undefined ? '' : `:${problem.line}`})`;
}

/** A configuration that cannot be used: every problem of the file at once, one a line of the message. */
export class ConfigError extends Error {
  /** `config_unreadable`: no such file, or its syntax is broken; `config_invalid`: a key or a value is wrong. */
  readonly code: 'config_unreadable' | 'config_invalid';
  /** Trying again without a change to the file cannot help. */
  readonly retryable = false;
  readonly problems: readonly ConfigProblem[];

  constructor(code: ConfigError['code'], problems: readonly ConfigProblem[], cause?: unknown) {
    super(problems.map(describeProblem).join('\n'), { cause });
    this.name = 'ConfigError';
    this.code = code;
    this.problems = problems;
  }
}
