/** From an instant on, an alias stands for a model; before its first row it stands for itself. */
interface AliasRow {
  readonly providerId: string;
  readonly alias: string;
  readonly from: string;
  readonly model: string;
}

/** What a name of DeepSeek's without a version stood for: its first models, then what both names had in common. */
function deepSeekName(alias: string, first: readonly (readonly [from: string, model: string])[]): AliasRow[] {
  const common = [
    ['2025-02-26T16:30Z', alias],
    ['2025-09-05T16:00Z', 'v3.1-published'],
    ['2025-09-29', 'v3.2-published'],
    ['2026-04-24', 'v4-flash-preview-published'],
    ['2026-07-24T15:59Z', 'v3.2-published'],
  ] as const;
  return [...first, ...common].map(([from, model]) => ({ providerId: 'deepseek', alias, from, model }));
}

/**
 * Names that providers pointed to another model, and when. The catalogue holds one target a name; what moved is here.
 * Sources: the providers' changelogs.
 */
const ALIASES: readonly AliasRow[] = [
  // Introductory prices, half of those before and after it, came with 3.7 Flash; the catalogue has them from the beginning.
  { providerId: 'google', alias: 'gemini-3.6-flash', from: '1970-01-01', model: '3.6-flash-published' },
  { providerId: 'google', alias: 'gemini-3.6-flash', from: '2026-08-13', model: 'gemini-3.6-flash' },
  // Cached input was cut with the rest on 10 June 2025; the catalogue has the later price of it from the beginning.
  ...['o3', 'o3-2025-04-16'].flatMap((alias) => [
    { providerId: 'openai', alias, from: '1970-01-01', model: 'o3-first-published' },
    { providerId: 'openai', alias, from: '2025-06-10', model: alias },
  ]),
  // The catalogue has the first snapshot at the prices of its successors, whose sound costs less than half.
  {
    providerId: 'openai',
    alias: 'gpt-4o-realtime-preview-2024-10-01',
    from: '1970-01-01',
    model: '4o-realtime-first-published',
  },
  // The catalogue has it as GPT-4o mini, whose searches by a tool cost less than those of the model made for searching.
  ...['gpt-4o-mini-search-preview', 'gpt-4o-mini-search-preview-2025-03-11'].map((alias) => ({
    providerId: 'openai',
    alias,
    from: '1970-01-01',
    model: '4o-mini-search-published',
  })),
  { providerId: 'mistral', alias: 'mistral-large-latest', from: '2025-12-02', model: 'mistral-large-2512' },
  // DeepSeek's names without a version: V2 and V3 at its first price; V3 and R1, with cheaper nights from 26 February 2025
  // (the catalogue's own entries) until V3.1 and its one price for both; V3.2; V4 Flash until the names were retired. What
  // still bears one of them since is an old record: its price is the last that was the name's own.
  ...deepSeekName('deepseek-chat', [
    ['1970-01-01', 'v2-published'],
    ['2025-02-08T16:00Z', 'v3-published'],
  ]),
  ...deepSeekName('deepseek-reasoner', [['1970-01-01', 'r1-published']]),
  // V4: one price all day until 16 August 2026, then dearer hours; V4.1 Flash, from 10 September, is the catalogue's.
  { providerId: 'deepseek', alias: 'deepseek-v4-flash', from: '1970-01-01', model: 'v4-flash-preview-published' },
  { providerId: 'deepseek', alias: 'deepseek-v4-flash', from: '2026-08-16T16:00Z', model: 'v4-flash-published' },
  { providerId: 'deepseek', alias: 'deepseek-v4-flash', from: '2026-09-10T04:00Z', model: 'deepseek-v4-flash' },
  { providerId: 'deepseek', alias: 'deepseek-v4-flash-vision-exp', from: '1970-01-01', model: 'v4-flash-published' },
  {
    providerId: 'deepseek',
    alias: 'deepseek-v4-flash-vision-exp',
    from: '2026-09-10T04:00Z',
    model: 'deepseek-v4-flash',
  },
  { providerId: 'deepseek', alias: 'deepseek-v4-pro', from: '1970-01-01', model: 'v4-pro-preview-published' },
  { providerId: 'deepseek', alias: 'deepseek-v4-pro', from: '2026-08-16T16:00Z', model: 'v4-pro-published' },
  { providerId: 'deepseek', alias: 'deepseek-v4-pro', from: '2026-08-17', model: 'deepseek-v4-pro' },
];

/** A span of time in which a name stands for one model. */
export interface AliasInterval {
  readonly fromMs: number;
  readonly toMs: number;
  readonly model: string;
}

/** What a name stands for over `[fromMs, toMs)`, oldest first; one interval for a name that never moved. */
export function aliasIntervals(
  providerIds: readonly string[],
  name: string,
  fromMs: number,
  toMs: number,
): readonly AliasInterval[] {
  const rows = ALIASES.filter((row) => providerIds.includes(row.providerId) && row.alias === name.toLowerCase());
  const intervals: AliasInterval[] = [];
  let current: { fromMs: number; model: string } = { fromMs, model: name };
  for (const row of rows) {
    const changeMs = Date.parse(row.from);
    intervals.push({ fromMs: current.fromMs, toMs: changeMs, model: current.model });
    current = { fromMs: changeMs, model: row.model };
  }
  intervals.push({ fromMs: current.fromMs, toMs, model: current.model });
  return intervals;
}
