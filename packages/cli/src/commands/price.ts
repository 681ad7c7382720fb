import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { formatPicoUsd, priceInteractionLines, ratePeriods, USAGE_BUCKETS, type RatePeriod } from '@costel/pricing';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { createProgress, say, sayIfInputIsTerminal, writeJson } from '../output.js';

/** The text of files one after the other, in pieces; stdin where none is named. */
async function* readPieces(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files.length === 0 ? ['-'] : files) {
    const input: Readable = file === '-' ? process.stdin : createReadStream(file);
    input.setEncoding('utf8');
    try {
      for await (const piece of input) yield piece as string;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CliError('input_unreadable', `${file} cannot be read: ${reason}`, {
        exitCode: EXIT_CODES.usage,
        cause: error,
      });
    }
    // A file may end without a line feed.
    yield '\n';
  }
}

/** `costel price`: one cost for each recorded interaction. A line that is none is answered with an error. */
export async function pricePieces(files: readonly string[], atMs: number | undefined): Promise<boolean> {
  sayIfInputIsTerminal(files);
  const progress = createProgress('interactions priced');
  let invalidLines = 0;
  for await (const answer of priceInteractionLines(readPieces(files), { at: atMs, now: Date.now() })) {
    if (answer.status === 'invalid_line') invalidLines += 1;
    await writeJson(answer);
    progress.step();
  }
  progress.done();
  if (invalidLines > 0)
    say(`costel: ${invalidLines} lines are no interactions; their answers have the status "invalid_line"`);
  return invalidLines === 0;
}

/** What is asked for: the prices of one model. */
export interface ListPricesOptions {
  readonly provider: string;
  readonly model: string;
  readonly serviceTier: string;
  readonly region: string;
  /** Only the prices of this instant. */
  readonly atMs: number | undefined;
}

/** `costel prices list`: every dated price of a model, one JSON line a period. */
export async function listPrices({ atMs, ...key }: ListPricesOptions): Promise<void> {
  const periods = ratePeriods(key);
  if ('reason' in periods) {
    throw new CliError('no_price', `${key.provider} ${key.model} has no price: ${periods.reason.replaceAll('_', ' ')}`);
  }
  const wanted = periods.filter(
    (period) => atMs === undefined || (period.validFromMs <= atMs && atMs < period.validToMs),
  );
  if (wanted.length === 0) throw new CliError('no_price', `${key.provider} ${key.model} has no price at that time`);
  for (const period of wanted) await writeJson(periodJson(key.provider, key.model, period));
}

/** Prices outside these bounds of time are prices without a beginning or an end. */
const EARLIEST_MS = Date.UTC(1971, 0, 1);
const LATEST_MS = Date.UTC(2099, 0, 1);

function periodJson(provider: string, model: string, period: RatePeriod): object {
  return {
    provider,
    model,
    catalogue_model: period.catalogueModel,
    source: period.source,
    as_of: period.asOf,
    valid_from: period.validFromMs < EARLIEST_MS ? null : new Date(period.validFromMs).toISOString(),
    valid_to: period.validToMs > LATEST_MS ? null : new Date(period.validToMs).toISOString(),
    tiers: period.tiers.map((tier) => ({
      above_input_tokens: tier.aboveInputTokens,
      from_second_of_day: tier.fromSecondOfDay,
      to_second_of_day: tier.toSecondOfDay,
      price_usd: Object.fromEntries(
        USAGE_BUCKETS.flatMap((bucket, index) => {
          const price = tier.prices[index];
          return price === null || price === undefined ? [] : [[bucket, formatPicoUsd(price)]];
        }),
      ),
    })),
  };
}
