/** What a command's exit code says; the same for every command. */
export const EXIT_CODES = {
  /** The command did what it was asked to. */
  ok: 0,
  /** It could not; the reason is on stderr. */
  failed: 1,
  /** Wrong flags, wrong configuration or unreadable input: nothing was done. */
  usage: 2,
  /** `doctor` or `budget test` ran and found something that needs attention. */
  findings: 3,
} as const;

/** One of `EXIT_CODES`. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** Ends a command with an exit code and one sentence on stderr: what is wrong, and what to do. */
export class CliError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  /** Whether the same command may succeed later without a change. */
  readonly retryable: boolean;

  constructor(
    code: string,
    message: string,
    options: { exitCode?: ExitCode; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.code = code;
    this.exitCode = options.exitCode ?? EXIT_CODES.failed;
    this.retryable = options.retryable ?? false;
  }
}
