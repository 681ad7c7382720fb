import { isTimeZone } from '@costel/budget';
import { z } from 'zod';
import { dimensionSchema } from './dimension-schema.js';
import { decimalsOf } from './number-text.js';
import { pricesSchema } from './prices-schema.js';

/*
 * The one source of `costel.yaml`: names, types, limits, defaults, and the text of the JSON schema. A default stands
 * next to its unit and its reason. Names are snake_case here and in the file only; `loadConfig` maps them once.
 */

const port = (description: string, value: number): z.ZodDefault<z.ZodInt> =>
  z.int().min(0).max(65_535).default(value).describe(`${description} 0 lets the system pick a free one.`);

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$/, {
  error: 'must be 1 to 100 letters, digits, spaces or . _ -, and begin with a letter or digit',
});

const server = z
  .strictObject({
    // Loopback: nothing is reachable from outside until somebody asks for it.
    host: z.string().min(1).max(253).default('127.0.0.1').describe('Address that every port listens on.'),
    port: port('Port of the page and the API.', 4320),
    // 4318 is the port that OTLP/HTTP exporters use when told nothing.
    otlp_port: port('Port of the OTLP/HTTP receiver.', 4318),
    // 8123 is ClickHouse's own HTTP port, which Grafana and the clients assume.
    clickhouse_port: port('Port of the ClickHouse HTTP interface.', 8123),
    data_directory: z
      .string()
      .min(1)
      .default('./.costel')
      .describe('Where the embedded engine keeps its data, relative to the configuration file.'),
    public_url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL, e.g. "https://costel.example.com"' })
      .optional()
      .describe('Address of the page as people reach it; alerts link to it. Default: http://HOST:PORT.'),
    allowed_hosts: z
      .array(
        z.string().regex(/^[A-Za-z0-9.-]+$/, { error: 'must be a host name without port, e.g. "costel.example.com"' }),
      )
      .max(100)
      .default([])
      .describe('Host names besides the loopback ones that a request may name; needed behind a proxy.'),
  })
  .describe('Where the stack listens and keeps its data.');

const dimensionValue = z.string().min(1).max(1000);

const scope = z
  .partialRecord(
    dimensionSchema,
    z.union([dimensionValue, z.array(dimensionValue).min(1).max(1000)], { error: 'must be a text or a list of texts' }),
  )
  .describe(
    'What counts: each dimension named must have the value, or one of the values, e.g. { feature: search, tag.tier: [gold, silver] }. Empty: everything.',
  );

/** A positive dollar amount, as a number or as text; exact. */
export const limitUsdSchema = z
  .union([z.number(), z.string()], { error: 'must be a dollar amount, e.g. 100 or "99.95"' })
  .transform((value) => String(value))
  .superRefine((text, context) => {
    const refuse = (message: string): void => context.addIssue({ code: 'custom', message, input: text });
    if (!/^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?$/.test(text))
      return refuse('must be a dollar amount, e.g. 100 or "99.95"');
    if (!(Number(text) > 0)) return refuse('must be > 0');
    if (Number(text) > 1e12) return refuse('must be <= 1000000000000');
    if (decimalsOf(text) > 12) return refuse('must have at most 12 decimals');
  });

/** One budget of the configuration. */
export const budgetSchema = z.strictObject({
  name: name.describe('Name of the budget; alerts carry it, and its alerts fire once per period under it.'),
  scope: scope.default({}),
  group_by: z
    .array(dimensionSchema)
    .max(5)
    .default([])
    .describe(
      'Dimensions whose every combination of values has the whole limit for itself, e.g. [user]. Default: one limit for all.',
    ),
  limit_usd: limitUsdSchema.describe('What may be spent in one window, US dollars, exact; up to 12 decimals.'),
  window: z
    .enum(['day', 'week', 'month'])
    .default('month')
    .describe('Calendar window, half-open; weeks begin on Monday.'),
  // UTC: the zone of the providers' bills.
  time_zone: z
    .string()
    .refine(isTimeZone, { error: 'must be an IANA time zone, e.g. "Europe/Berlin"' })
    .default('UTC')
    .describe('IANA time zone whose midnight begins a window.'),
  // Half spent is news, three quarters a warning, nine tenths the last chance, all of it the event.
  thresholds: z
    .array(z.number().gt(0).max(1000))
    .min(1)
    .max(20)
    .refine((values) => new Set(values).size === values.length, { error: 'must not repeat a value' })
    .default([50, 75, 90, 100])
    .describe('Percent of limit_usd; each fires once per window.'),
  channels: z
    .array(z.string())
    .max(20)
    .optional()
    .describe('Names of the channels that its alerts go to; default: all of them. The log always gets them.'),
});

const webhook = z.strictObject({
  name: name.describe('Name of the channel, for budgets to refer to.'),
  type: z.literal('webhook').describe('A JSON POST with an Idempotency-Key header.'),
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL, e.g. "https://hooks.example.com/costel"' })
    .describe('Where alerts are posted.'),
  // Off: a URL that points inside the network must be meant.
  allow_private_addresses: z
    .boolean()
    .default(false)
    .describe('Whether the URL may lead to a loopback, private or link-local address.'),
});

const retention = z
  .strictObject({
    // Long enough to derive the ledger again, short enough for a laptop's disk.
    raw_days: z.int().min(1).max(36_500).default(90).describe('Days that spans, logs and metric points are kept.'),
    // 25 months: two years and the month under way, so that each month has its twin of the year before.
    ledger_days: z
      .int()
      .min(62)
      .max(36_500)
      .default(760)
      .describe('Days that calls and quarter-hour rollups are kept; daily figures are kept for ever.'),
  })
  .describe('How long rows are kept.');

/** What a user writes; snake_case, before defaults on the way in and after them on the way out. */
export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Address of the JSON schema, for editors.'),
    server: server.prefault({}),
    // One tenant is what nearly everybody has; it is in every key from the start because keys are dear to change.
    tenant: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, _ or -' })
      .default('default')
      .describe(
        'Tenant whose calls are shown and budgeted. The embedded receiver stamps it on what it receives, a collector into the resource attribute costel.tenant; spans without it belong to "default".',
      ),
    budgets: z
      .array(budgetSchema)
      .max(10_000)
      .default([])
      .describe('Limits on spend; each threshold fires once per window.'),
    retention: retention.prefault({}),
    prices: pricesSchema.prefault({}),
    channels: z.array(webhook).max(100).default([]).describe('Where alerts go besides the log.'),
  })
  .describe('Configuration of Costel (costel.yaml, costel.toml or costel.json).');

/** A validated configuration file with defaults applied, still in the file's names. */
export type ConfigFile = z.output<typeof configSchema>;
