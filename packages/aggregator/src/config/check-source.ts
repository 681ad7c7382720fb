import { basename } from 'node:path';
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { describeIssue, labelOf } from './describe-issue.js';
import { parseSource, type ConfigPath } from './parse-source.js';
import { resolveSecrets, type SecretSources } from './secrets.js';

/** Makes a problem of a sentence about the value at a path. */
export type ReportAt = (path: ConfigPath, message: string) => ConfigProblem;

/** A file to check: YAML, TOML or JSON, told by the name's extension. */
export interface SourceToCheck<T> {
  readonly text: string;
  readonly file: string;
  readonly schema: z.ZodType<T>;
  readonly sources: SecretSources;
  /** Finds what one value alone cannot tell, e.g. names that repeat; `written` is the file's content before defaults. */
  readonly checkWhole?: (data: T, written: unknown, reportAt: ReportAt) => readonly ConfigProblem[];
}

/**
 * Parses a file, fills in its secrets and checks it against a schema.
 * @throws ConfigError with every problem, in the order of the file.
 */
export function checkSource<T>({ text, file, schema, sources, checkWhole }: SourceToCheck<T>): T {
  const shownFile = basename(file);
  const source = parseSource(text, shownFile);
  const { value, references, problems } = resolveSecrets(source.value ?? {}, sources);
  const at = (path: ConfigPath, message: string): ConfigProblem => {
    const line = source.lineOf(path);
    return { message, file: shownFile, ...(line === undefined ? {} : { line }) };
  };
  const reportAt: ReportAt = (path, message) => at(path, `${labelOf(path, value)}${message}`);
  const unresolved = problems.map(({ path, message }) => reportAt(path, message));
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    // A reference that cannot be filled in is one problem, not also that of the text that stands in its place.
    const isUnresolved = (path: ConfigPath): boolean =>
      problems.some((problem) => problem.path.join('\0') === path.join('\0'));
    const described = parsed.error.issues
      .flatMap((issue) => describeIssue({ issue, root: value, references, schema }))
      .filter(({ path }) => !isUnresolved(path))
      .map(({ path, message }) => at(path, message));
    throw new ConfigError('config_invalid', inFileOrder([...unresolved, ...described]));
  }
  const contradictions = checkWhole?.(parsed.data, value, reportAt) ?? [];
  if (unresolved.length + contradictions.length > 0)
    throw new ConfigError('config_invalid', inFileOrder([...unresolved, ...contradictions]));
  return parsed.data;
}

function inFileOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
