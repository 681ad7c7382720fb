/*
 * What Grafana and its ClickHouse plugin do to a panel's SQL before it reaches the server, as far as our dashboards use
 * it: variables in the browser, macros in the plugin's backend.
 */

/** The range of a dashboard and what its variables stand for. */
export interface GrafanaContext {
  readonly fromMs: number;
  readonly toMs: number;
  /** The panel's interval, or a longer one where the range would give too many points. */
  readonly intervalSeconds: number;
  /** Chosen values by variable; a variable that is absent has "All" chosen. */
  readonly chosen: Readonly<Record<string, readonly string[]>>;
  /** What "All" stands for, by variable. */
  readonly allValues: Readonly<Record<string, string>>;
}

const MACROS: Readonly<Record<string, (context: GrafanaContext, argument: string) => string>> = {
  fromTime: ({ fromMs }) => `toDateTime(${Math.floor(fromMs / 1000)})`,
  toTime: ({ toMs }) => `toDateTime(${Math.floor(toMs / 1000)})`,
  timeInterval: ({ intervalSeconds }, column) =>
    `toStartOfInterval(toDateTime(${column}), INTERVAL ${intervalSeconds} second)`,
};

/** Grafana's `singlequote` format: quoted, quotes and backslashes escaped, joined by commas. */
function singleQuoted(values: readonly string[]): string {
  return values.map((value) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`).join(',');
}

/**
 * Gives the SQL that would reach ClickHouse.
 * @throws Error for a variable, a format or a macro that no dashboard of ours may use.
 */
export function expandGrafanaSql(sql: string, context: GrafanaContext): string {
  const filled = sql.replaceAll(/\$\{(\w+)(?::(\w+))?\}/g, (text, name: string, format: string | undefined) => {
    const all = context.allValues[name];
    if (all === undefined) throw new Error(`${text} names no variable of the dashboard`);
    if (format !== 'singlequote') throw new Error(`${text} must be written \${${name}:singlequote}`);
    const values = context.chosen[name];
    // A custom value for "All" is put in as it stands, in no format.
    return values === undefined ? all : singleQuoted(values);
  });
  const expanded = filled.replaceAll(
    /\$__(\w+)(?:\(([^()]*)\))?/g,
    (text, name: string, argument: string | undefined) => {
      const macro = MACROS[name];
      if (macro === undefined) throw new Error(`${text} is no macro that a dashboard of ours uses`);
      return macro(context, argument ?? '');
    },
  );
  if (/\$[{_a-z]/i.test(expanded)) throw new Error(`something is left to expand in: ${expanded}`);
  return expanded;
}
