/** From an instant on, an alias stands for a model; before its first row it stands for itself. */
interface AliasRow {
  readonly providerId: string;
  readonly alias: string;
  readonly from: string;
  readonly model: string;
}

/**
 * Names that providers pointed to another model, and when. The catalogue holds one target a name; what moved is here.
 * Sources: the providers' changelogs.
 */
const ALIASES: readonly AliasRow[] = [
  { providerId: 'mistral', alias: 'mistral-large-latest', from: '2025-12-02', model: 'mistral-large-2512' },
  // DeepSeek's names without a version: V3 and R1 until V3.1 and its one price for both, and the end of the cheaper hours
  // of the day; then V3.2. Answers of V4 name themselves, and the model that answers goes before the name that was asked.
  { providerId: 'deepseek', alias: 'deepseek-chat', from: '2025-09-05T16:00Z', model: 'v3.1-published' },
  { providerId: 'deepseek', alias: 'deepseek-chat', from: '2025-09-29', model: 'v3.2-published' },
  { providerId: 'deepseek', alias: 'deepseek-reasoner', from: '2025-09-05T16:00Z', model: 'v3.1-published' },
  { providerId: 'deepseek', alias: 'deepseek-reasoner', from: '2025-09-29', model: 'v3.2-published' },
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
