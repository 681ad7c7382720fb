/** What was found out about one thing. */
export interface Finding {
  readonly check: string;
  /** `warning`: figures may be incomplete; `problem`: something does not work. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly detail: string;
  /** What to do about it; there whenever the status is not `ok`. */
  readonly fix?: string;
}

/** A finding that nothing needs to be done about. */
export const fine = (check: string, detail: string): Finding => ({ check, status: 'ok', detail });

/** Something that does not work, and what to do. */
export const problem = (check: string, detail: string, fix: string): Finding => ({
  check,
  status: 'problem',
  detail,
  fix,
});

/** Something that makes figures incomplete or late, and what to do. */
export const warning = (check: string, detail: string, fix: string): Finding => ({
  check,
  status: 'warning',
  detail,
  fix,
});

/** What an error says, without its stack; of a failed `fetch` the reason below it. */
export function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

const MARKS = { ok: 'ok      ', warning: 'WARNING ', problem: 'PROBLEM ' } as const;

/** A finding as lines for people. */
export function findingLines(finding: Finding): string[] {
  const line = `${MARKS[finding.status]}${finding.check}: ${finding.detail}`;
  return finding.fix === undefined ? [line] : [line, `        → ${finding.fix}`];
}
