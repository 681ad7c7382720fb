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
];

/** A span of time in which a name stands for one model. */
export interface AliasInterval {
  readonly fromMs: number;
  readonly toMs: number;
  readonly model: string;
}

/** What a name stands for over `[fromMs, toMs)`, oldest first; one interval for a name that never moved. */
export function aliasIntervals(
  providerId: string,
  name: string,
  fromMs: number,
  toMs: number,
): readonly AliasInterval[] {
  const rows = ALIASES.filter((row) => row.providerId === providerId && row.alias === name.toLowerCase());
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
