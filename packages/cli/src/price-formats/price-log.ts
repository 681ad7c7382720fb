import {
  answerOf,
  priceReading,
  withItems,
  type InteractionAnswer,
  type LineError,
  type PriceBook,
} from '@costel/pricing';
import { ANTHROPIC_BATCH, OPENAI_BATCH } from './batch-formats.js';
import { parseCsvLine } from './csv-line.js';
import { LITELLM, OPENROUTER } from './gateway-formats.js';
import { recordOf, type JsonRecord, type LogEntry, type LogFormat } from './log-format.js';

/** The formats besides recorded interactions. */
export const LOG_FORMATS: readonly LogFormat[] = [OPENAI_BATCH, ANTHROPIC_BATCH, LITELLM, OPENROUTER];

/** What the lines of a log are priced with. */
export interface PriceLogOptions {
  readonly format: LogFormat;
  /** Prices are those of this instant; absent: of each call's own. */
  readonly at: number | undefined;
  /** The instant for calls whose log has none. */
  readonly now: number;
  readonly book: PriceBook;
  /** Whose prices hold in place of the format's own provider, e.g. `azure` for a batch of Azure OpenAI. */
  readonly provider?: string | undefined;
}

/** An answer to one line of a log. */
export type LogAnswer = (InteractionAnswer & { readonly logged_cost_usd?: string }) | LineError;

function priceEntry(entry: LogEntry, { at, now, book, provider }: PriceLogOptions): LogAnswer {
  const { id, reading, unbilled, requestModel, loggedCostUsd } = entry;
  const logged = loggedCostUsd === undefined ? {} : { logged_cost_usd: loggedCostUsd };
  if (unbilled !== undefined || reading === undefined) {
    const { status, reason } = unbilled ?? { status: 'no_usage' as const, reason: 'usage_missing' };
    return { ...answerOf(id, { status, reason, model: requestModel ?? null }), ...logged };
  }
  const atMs = at ?? entry.atMs ?? now;
  return {
    ...priceReading(id, reading, { provider: provider ?? entry.provider, requestModel, atMs, book }),
    ...logged,
  };
}

function lineError(line: number, problem: string, text: string): LineError {
  const quoted = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return { line, status: 'invalid_line', cost_usd: null, error: `line ${line} ${problem}: ${quoted}` };
}

function parseObject(text: string): JsonRecord | undefined {
  try {
    // A file of Windows begins with a mark of its encoding.
    return recordOf(JSON.parse(text.trim()));
  } catch {
    return undefined;
  }
}

/** Prices the lines of a log: JSON lines, or CSV whose first line names the columns. Empty lines count and say nothing. */
export async function* priceLogLines(
  lines: AsyncIterable<string>,
  options: PriceLogOptions,
): AsyncGenerator<LogAnswer, void, undefined> {
  let columns: readonly string[] | undefined;
  let number = 0;
  let isFirst = true;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    const isHeader = isFirst && !text.trimStart().startsWith('{');
    isFirst = false;
    if (isHeader) {
      columns = parseCsvLine(text.replace(/^\uFEFF/, ''));
      continue;
    }
    const cells = columns === undefined ? undefined : parseCsvLine(text);
    const record =
      columns === undefined
        ? parseObject(text)
        : Object.fromEntries(columns.map((column, index) => [column, cells?.[index] ?? '']));
    const entry = record === undefined ? undefined : options.format.read(record);
    if (entry === undefined) yield lineError(number, `is no line of the format ${options.format.name}`, text);
    else yield* withItems(priceEntry(entry, options));
  }
}
