import { createPriceSource, repriceJson } from '@costel/aggregator';
import { migrate, previewReprice, reprice, type Database, type RateResolver } from '@costel/store';
import { CliError } from '../exit-codes.js';
import { say, writeJson, writeLine } from '../output.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { apiUrlOf, openMigratedStore } from '../store-access.js';
import type { RunInfo } from '../run-file.js';
import { rangeOf, type TimeRange } from '../time-range.js';

/** Which calls, by the instant that they are counted at. */
export interface RepriceFlags extends CommonFlags {
  readonly from: number;
  readonly to?: number;
  readonly apply?: boolean;
  readonly json?: boolean;
}

/** What a range and each of its models have alike. */
interface Counts {
  readonly calls: number;
  readonly changed_calls: number;
  readonly before_usd: string;
  readonly after_usd: string;
  readonly unpriced_before: number;
  readonly unpriced_after: number;
}

/** The answer of the API, which is what `--json` prints. */
interface RepriceAnswer extends Counts {
  readonly from: string;
  readonly to: string;
  readonly applied: boolean;
  readonly models: readonly (Counts & { readonly provider: string; readonly model: string })[];
}

/**
 * `costel reprice`: what pricing the calls of a range again would change, by model; with `--apply` does it. The running
 * stack does the work where there is one; a directory without a stack is opened.
 */
export async function runReprice(flags: RepriceFlags): Promise<void> {
  const range = rangeOf(flags);
  const { from, to } = range;
  const config = readConfig(flags);
  const isApplied = flags.apply === true;
  const access = await openMigratedStore(config);
  try {
    say(
      `${isApplied ? 'pricing again' : 'previewing'} the calls from ${from.toISOString()} to ${to.toISOString()} on ${access.where} …`,
    );
    const prices = createPriceSource(config, (_level, message) => say(message));
    const book = prices.current();
    const resolver: RateResolver = (key) => book.ratePeriods(key);
    const answer = access.run
      ? await askStack(access.run, range, isApplied)
      : await work(access.database, { range, isApplied, resolver, ledgerDays: config.retention.ledgerDays });
    if (flags.json === true) await writeJson(answer);
    else await writeTable(answer);
  } finally {
    await access.database.close();
  }
}

async function work(
  database: Database,
  options: {
    readonly range: TimeRange;
    readonly isApplied: boolean;
    readonly resolver: RateResolver;
    readonly ledgerDays: number;
  },
): Promise<RepriceAnswer> {
  const { range, isApplied, resolver, ledgerDays } = options;
  await migrate(database);
  if (!isApplied) {
    const figures = await previewReprice(database, { ...range, resolver });
    const asked = { fromMs: range.from.getTime(), toMs: range.to.getTime() };
    return repriceJson(figures, asked) as RepriceAnswer;
  }
  const onProgress = (done: number, total: number): void => say(`${done} of ${total} days written`);
  const result = await reprice(database, { ...range, resolver, ledgerDays, clock: Date.now, onProgress });
  return repriceJson(result, result.range, result) as RepriceAnswer;
}

/** One process writes the ledger of a directory: the running stack, by the prices that it runs with. */
async function askStack(run: RunInfo, { from, to }: TimeRange, isApplied: boolean): Promise<RepriceAnswer> {
  const query = new URLSearchParams({ from: from.toISOString(), to: to.toISOString(), apply: String(isApplied) });
  const response = await fetch(`${apiUrlOf(run)}/reprice?${query.toString()}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${run.token}` },
  });
  const body = (await response.json()) as RepriceAnswer & { detail?: string };
  if (!response.ok)
    throw new CliError('reprice_failed', `the running stack refused: ${body.detail ?? `HTTP ${response.status}`}`);
  return body;
}

async function writeTable(answer: RepriceAnswer): Promise<void> {
  const changed = answer.models.filter((model) => model.changed_calls > 0);
  const line = (cells: readonly string[]): string =>
    [cells[0]?.padEnd(44), ...cells.slice(1).map((cell) => cell.padStart(20))].join(' ').trimEnd();
  await writeLine(line(['provider/model', 'calls changed', 'dollars before', 'dollars after', 'without a price']));
  for (const model of changed) {
    const name = `${model.provider}/${model.model}`;
    const unpriced = `${model.unpriced_before} -> ${model.unpriced_after}`;
    await writeLine(
      line([name, `${model.changed_calls} of ${model.calls}`, model.before_usd, model.after_usd, unpriced]),
    );
  }
  const unpriced = `${answer.unpriced_before} -> ${answer.unpriced_after}`;
  const total = `${answer.changed_calls} of ${answer.calls}`;
  await writeLine(line(['all calls of the range', total, answer.before_usd, answer.after_usd, unpriced]));
  if (answer.applied) await writeLine('applied; see GET /api/v1/reprices for what was done when');
  else if (answer.changed_calls > 0) await writeLine('a preview: nothing has changed; "--apply" does it');
}
