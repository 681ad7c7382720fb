import { USAGE_BUCKETS } from '@costel/pricing';
import { z } from 'zod';
import { decimalsOf, losesDigits } from './number-text.js';

/*
 * The section `prices` of `costel.yaml`: what the user pays instead of list prices. Every rule has a beginning and an
 * end, for a price is never overwritten: when it changes, the old rule gets an end and a new one begins there.
 */

const MAX_AMOUNT = 1_000_000_000;

const AMOUNT_FORM = /^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?$/;

const AMOUNT_ERROR = 'must be an amount of money, e.g. 2.5 or "0.0000125"';

/** An amount of money >= 0, as a number or as text; exact. Zero means free. */
const amount = z
  .union([z.number(), z.string()], { error: AMOUNT_ERROR })
  .superRefine((value, context) => {
    const text = String(value);
    const refuse = (message: string): void => context.addIssue({ code: 'custom', message, input: value });
    if (typeof value === 'number' && losesDigits(value))
      return refuse('has more than 15 digits and would be rounded; write it in quotes');
    if (!AMOUNT_FORM.test(text)) return refuse(AMOUNT_ERROR);
    if (Number(text) < 0) return refuse('must be >= 0');
    if (Number(text) > MAX_AMOUNT) return refuse(`must be <= ${MAX_AMOUNT}`);
    if (decimalsOf(text) > 12) return refuse('must have at most 12 decimals');
  })
  .transform(String);

const INSTANT_ERROR =
  'must be a date or an instant in UTC, in quotes in TOML, e.g. "2026-01-01" or "2026-01-01T10:30:00Z"';

/** A UTC date (its first moment) or instant, as milliseconds since 1970. */
const instant = z
  .string({ error: INSTANT_ERROR })
  .refine(
    (text) =>
      /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(text) &&
      !Number.isNaN(Date.parse(text)) &&
      new Date(text).toISOString().startsWith(text.slice(0, 10)),
    { error: INSTANT_ERROR },
  )
  .transform((text) => Date.parse(text));

const bucket = z.enum(USAGE_BUCKETS);

const amounts = z.partialRecord(bucket, amount);

const rates = {
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, { error: 'must be a code of three capital letters, e.g. "EUR"' })
    .default('USD')
    .describe('Currency of the amounts; any but USD needs exchange rates under currencies.'),
  per_million: amounts
    .optional()
    .describe('Prices of a million units by bucket, e.g. { input: 2.5, output: 10, cache_read: 1.25 }.'),
  per_unit: amounts
    .optional()
    .describe('Prices of one unit by bucket, e.g. { web_search: 0.01, audio_second: 0.0001 }.'),
};

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$/, {
  error: 'must be 1 to 100 letters, digits, spaces or . _ -, and begin with a letter or digit',
});

const pattern = z.string().min(1).max(256);

const scope = {
  name: name.describe('Name of the rule; prices name the rule that made them.'),
  provider: z.string().min(1).max(100).optional().describe('Provider, e.g. openai; default: all.'),
  model: pattern.optional().describe('Model as the provider names it; * stands for any characters. Default: all.'),
  region: z.string().max(100).optional().describe('Region as calls state it; default: all.'),
  from: instant.optional().describe('When the rule begins, UTC; default: always held.'),
  to: instant.optional().describe('When the rule ends, exclusive, UTC; default: never.'),
};

const serviceTier = z.string().min(1).max(100);

const currencies = z
  .record(
    z.string().regex(/^[A-Z]{3}$/, { error: 'must be a code of three capital letters, e.g. "EUR"' }),
    z
      .array(
        z.strictObject({
          from: instant.describe('From when the rate holds, until the next one.'),
          usd: amount
            .refine((text) => Number(text) > 0, { error: 'must be > 0' })
            .describe('Dollars that one unit of the currency is worth.'),
        }),
      )
      .min(1)
      .max(10_000),
  )
  .default({})
  .describe('Exchange rates by currency, for amounts that are not in dollars.');

const override = z.strictObject({
  ...scope,
  // Standard: a contract price is for ordinary calls; batch and priority keep their own list prices unless named.
  service_tier: serviceTier
    .default('standard')
    .describe('Service tier that the prices are for: standard, batch, flex, priority, …; * for all.'),
  ...rates,
  above_input_tokens: z
    .array(
      z.strictObject({
        tokens: z.int().min(1).max(1_000_000_000).describe('Input tokens above which these prices hold for the call.'),
        per_million: amounts.optional(),
        per_unit: amounts.optional(),
      }),
    )
    .max(10)
    .default([])
    .describe('Other prices for calls with a long context.'),
});

const discount = z.strictObject({
  ...scope,
  service_tier: serviceTier.default('*').describe('Service tier that the discount is for; default: all.'),
  feature: z.string().min(1).max(256).optional().describe('Only calls of this costel.feature; default: all.'),
  percent: z
    .number()
    .min(-1000)
    .max(100)
    .refine((value) => decimalsOf(String(value)) <= 4, { error: 'must have at most 4 decimals' })
    .optional()
    .describe('Percent off every price; negative is a surcharge.'),
  ...rates,
});

const selfHosted = z.strictObject({
  ...scope,
  currency: rates.currency,
  gpu_hour: amount.describe('What one GPU costs an hour.'),
  gpus: z.int().min(1).max(100_000).default(1).describe('GPUs that serve the model together.'),
  // All of it: what they idle is only known to the user.
  utilization_percent: z
    .number()
    .gt(0)
    .max(100)
    .default(100)
    .describe('Share of the paid time in which the GPUs work; what they idle is spread over the calls.'),
  tokens_per_hour: z
    .partialRecord(bucket, z.int().min(1).max(1_000_000_000_000))
    .refine((counts) => Object.keys(counts).length > 0, {
      error: 'must name at least one bucket, e.g. input and output',
    })
    .describe('Tokens of each kind that all GPUs handle in an hour in which they do nothing else.'),
});

const placed = z.strictObject({
  ...scope,
  region: z.string().min(1).max(100).describe('Where these calls are, where no answer says it; Azure: us or eu.'),
  service_tier: serviceTier.default('*').describe('Service tier of the calls; default: all.'),
});

/** The section `prices`. */
export const pricesSchema = z
  .strictObject({
    currencies,
    overrides: z
      .array(override)
      .max(1000)
      .default([])
      .describe(
        'Prices of your own; of those that match a call, the first one holds. What one does not state stays the list’s.',
      ),
    discounts: z
      .array(discount)
      .max(1000)
      .default([])
      .describe('Negotiated discounts; of those that match a call, the first one holds: they do not add up.'),
    self_hosted: z.array(selfHosted).max(1000).default([]).describe('Models on GPUs that are paid by the hour.'),
    regions: z
      .array(placed)
      .max(1000)
      .default([])
      .describe(
        'Where calls are that name no region, e.g. in a data zone of Azure; of those that match a call, the first one holds.',
      ),
    ceiling: z
      .strictObject({
        ...rates,
        changes: z
          .array(z.strictObject({ from: instant.describe('From when it holds, until the next one.'), ...rates }))
          .max(1000)
          .default([])
          .describe('Other ceilings from later instants on; the one above holds until the first of them.'),
      })
      .optional()
      .describe('What calls without a known price are assumed to cost at most, for budgets; never shown as a cost.'),
  })
  .describe('What you pay instead of list prices.');

/** The section, checked, in the file’s names. */
export type PricesFile = z.output<typeof pricesSchema>;
