import { InvalidArgumentError, Option, type Command } from 'commander';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import type { CommonFlags } from '../read-config.js';

/** Names of the formats that `costel price` reads, the first one by default. */
const FORMAT_NAMES = ['interactions', 'openai-batch', 'anthropic-batch', 'litellm', 'openrouter'];

const PRICE_HELP = `
Formats (--format), one call a line:
  interactions     {"id", "provider", "api", "request": {method, url, headers, body}, "response": {status, headers,
                   body_kind, body}}; a realtime session or a batch's results have one answer each, id#1, id#2, …
  openai-batch     output file of an OpenAI batch: {"custom_id", "response": {"status_code", "body"}, "error"}; batch
                   prices of each body's own date (Azure: --provider azure)
  anthropic-batch  results of a message batch: {"custom_id", "result": {"type", "message"}}; batch prices; the file has
                   no date: name it with --at
  litellm          LiteLLM proxy: rows of /spend/logs or the standard logging payload; the gateway's own figure is
                   repeated as logged_cost_usd, never taken
  openrouter       activity export (CSV) or answers of /generation; what OpenRouter charged is taken
Each may be packed with gzip, and be UTF-8 or UTF-16 that begins with its mark.

Answer: {"id", "status", "cost_usd", "total_usd", "currency", "model", "usage", "line_items", "fees_usd"?, "fee_items"?,
"price_source", "price_as_of", "usage_quality", "reason"?, "rules"?, "not_counted"?}. total_usd is what the call cost.
cost_usd is what its tokens cost (null where it used none), fees_usd what is counted in other units (searches, seconds,
pages); the two add up to total_usd. Where price_source is "provider", cost_usd is what the provider stated of the whole,
and line_items are list prices beside it. not_counted names what was billed and no answer states: total_usd lacks it.
Exit code 2 when a line was none of the format.`;

/** Reads a date or an instant with a zone as milliseconds; a date means its first moment in UTC. */
type ParseInstant = (text: string) => number;

function parsePercent(text: string): number {
  const percent = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(percent <= 1_000_000)) throw new InvalidArgumentError('A percentage is a number from 0 to 1000000.');
  return percent;
}

const CONFIG_HELP = 'whose prices hold (default: as for the other commands; none: list prices)';
const DATA_HELP = 'data directory with newer price data (default: ./.costel)';

type PriceFlags = CommonFlags & { readonly at?: number; readonly format: string; readonly provider?: string };

/** Adds `costel price`. */
export function addPrice(program: Command, reportExit: (code: ExitCode) => void, parseInstant: ParseInstant): void {
  program
    .command('price')
    .summary('recorded provider interactions, batch results or gateway logs in, costs out, JSON lines')
    .description('Reads one call a line and writes what it cost, exactly, with the parts that add up to it.')
    .argument('[files...]', 'files of lines; stdin when none is given')
    .option('--at <date>', 'prices of this date instead of each call’s own', parseInstant)
    .addOption(new Option('--format <format>', 'what the lines are').choices(FORMAT_NAMES).default('interactions'))
    .option('--provider <name>', 'whose prices hold, in place of the log’s own provider (not for interactions)')
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .addHelpText('after', PRICE_HELP)
    .action(async (files: string[], options: PriceFlags) => {
      const { pricePieces } = await import('./price.js');
      if (!(await pricePieces(files, options))) reportExit(EXIT_CODES.usage);
    });
}

type KeyFlags = CommonFlags & { readonly tier: string; readonly region: string; readonly at?: number };

type ExplainFlags = KeyFlags & { readonly provider?: string; readonly feature: string };

type UpdateFlags = CommonFlags & {
  readonly from: readonly string[];
  readonly maxMove: number;
  readonly acceptMoves?: boolean;
  readonly dryRun?: boolean;
};

const UPDATE_HELP = `
Without --from the packages genai-prices and litellm are downloaded with "python3 -m pip", from the registry that pip is
configured for. --from takes a wheel of either, LiteLLM's map (JSON), or price data that this command wrote.
The newer data is merged into the data in use: a price that changed without a date holds from the data's own day on, older
prices and models that are no longer listed stay. Every change is one JSON line {"change": "changed", "provider", "model",
"service_tier", "price_key", "before_pico_usd", "after_pico_usd", "move_percent"}; a pico-dollar is 10^-12 dollars. Other
lines name a model that is new ("added"), is listed no more and keeps its prices ("kept"), or whose past prices the newer
data states otherwise ("rewritten").
Exit code 3 when prices moved by more than --max-move, are listed no more, or would change of past calls: they wait for
--accept-moves; nothing is written then.`;

const collect = (value: string, values: readonly string[]): string[] => [...values, value];

/** Adds `costel prices` and its commands. */
export function addPrices(program: Command, reportExit: (code: ExitCode) => void, parseInstant: ParseInstant): void {
  const prices = program.command('prices').summary('look into the price list, explain a price, fetch newer prices');
  prices
    .command('list')
    .summary('the dated prices of a model, JSON lines; dollars a unit')
    .argument('<provider>', 'for example openai')
    .argument('<model>', 'for example gpt-4o-mini')
    .addOption(new Option('--tier <tier>', 'service tier: batch, flex, priority, …').default('', 'standard'))
    .addOption(new Option('--region <region>', 'region, where it changes the price').default('', 'none'))
    .option('--at <date>', 'only the prices of this date', parseInstant)
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .action(async (provider: string, model: string, flags: KeyFlags) => {
      const { readPriceBook } = await import('./price.js');
      const { listPrices } = await import('./prices.js');
      const book = await readPriceBook(flags);
      await listPrices({ book, provider, model, serviceTier: flags.tier, region: flags.region, atMs: flags.at });
    });
  prices
    .command('explain')
    .summary('the price of a model at a date, and why: which rule, which source, of which date; JSON lines')
    .argument('<model>', 'for example gpt-4o-mini')
    .option('--at <date>', 'date or instant (default: now)', parseInstant)
    .option('--provider <name>', 'default: each provider that has a price for the model')
    .addOption(new Option('--tier <tier>', 'service tier: batch, flex, priority, …').default('', 'standard'))
    .addOption(new Option('--region <region>', 'region, where it changes the price').default('', 'none'))
    .addOption(new Option('--feature <feature>', 'costel.feature, where a discount depends on it').default('', 'none'))
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .action(async (model: string, flags: ExplainFlags) => {
      const { readPriceBook } = await import('./price.js');
      const { explainPrices } = await import('./prices.js');
      const { provider, tier: serviceTier, region, feature, at: atMs = Date.now() } = flags;
      await explainPrices({ book: await readPriceBook(flags), provider, model, serviceTier, region, feature, atMs });
    });
  prices
    .command('update')
    .summary('fetch newer price data, check it, merge it over the old; JSON lines of what changed')
    .addOption(
      new Option('--from <file|url>', 'price data in place of the packages; may be repeated')
        .argParser(collect)
        .default([], 'the packages'),
    )
    .option('--max-move <percent>', 'how far a price may move without being accepted', parsePercent, 50)
    .option('--accept-moves', 'write also when prices moved by more than that')
    .option('--dry-run', 'say what would change, write nothing')
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .addHelpText('after', UPDATE_HELP)
    .action(async (flags: UpdateFlags) => {
      const { priceDataFile, readPricesToUpdate } = await import('./price.js');
      const { updatePrices } = await import('./price-data.js');
      const written = await updatePrices({
        book: await readPricesToUpdate(flags),
        file: await priceDataFile(flags),
        from: flags.from,
        maxMovePercent: flags.maxMove,
        acceptMoves: flags.acceptMoves === true,
        dryRun: flags.dryRun === true,
        today: new Date().toISOString().slice(0, 10),
      });
      if (!written) reportExit(EXIT_CODES.findings);
    });
  prices
    .command('diff')
    .summary('what another file of price data has that the data in use has not, JSON lines')
    .argument('<file|url>', 'a wheel of genai-prices or litellm, LiteLLM’s map, or data that "prices update" wrote')
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .action(async (origin: string, flags: CommonFlags) => {
      const { readPriceBook } = await import('./price.js');
      const { diffPrices } = await import('./price-data.js');
      await diffPrices(await readPriceBook(flags), origin, new Date().toISOString().slice(0, 10));
    });
  prices
    .command('disagreements')
    .summary('prices on which the two sources differ, the largest differences first, JSON lines')
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .action(async (flags: CommonFlags) => {
      const { priceDataFile, SHIPPED_DISAGREEMENTS } = await import('./price.js');
      const { listDisagreements } = await import('./price-data.js');
      await listDisagreements(await priceDataFile(flags), SHIPPED_DISAGREEMENTS);
    });
}
