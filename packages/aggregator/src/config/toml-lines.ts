/** `a.b."c d"` is `['a', 'b', 'c d']`. */
function splitKey(key: string): string[] {
  return [...key.matchAll(/"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}

/**
 * The one-based line of every key of a TOML text, by its path joined with NUL. The TOML reader tells no positions, and
 * an error must name a line; a key inside an inline table has the line of the table.
 */
export function indexTomlLines(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  let table: (string | number)[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const list = /^\s*\[\[([^\]]+)\]\]/.exec(line);
    const header = list ?? /^\s*\[([^\]]+)\]/.exec(line);
    const key = /^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=/.exec(
      line,
    );
    if (header) table = tablePath(splitKey(header[1] ?? ''), list !== null, counts);
    else if (!key) continue;
    const path = header ? table : [...table, ...splitKey(key?.[1] ?? '')];
    lines.set(path.join('\0'), index + 1);
  }
  return lines;
}

/** Turns a header into a path, with the index of the current item after the name of each list of tables. */
function tablePath(names: readonly string[], beginsItem: boolean, counts: Map<string, number>): (string | number)[] {
  const path: (string | number)[] = [];
  for (const [position, name] of names.entries()) {
    path.push(name);
    const id = path.join('\0');
    const isItem = beginsItem && position === names.length - 1;
    const index = isItem ? (counts.get(id) ?? -1) + 1 : counts.get(id);
    if (index === undefined) continue;
    counts.set(id, index);
    path.push(index);
  }
  return path;
}
