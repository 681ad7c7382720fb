/**
 * Quotes a constant of our own (an attribute name, a number's name) as an SQL string. Values that come from outside
 * never pass here: they are bound as parameters.
 */
export function sqlString(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}

/** An SQL array of constant strings. */
export function sqlStrings(texts: readonly string[]): string {
  return `[${texts.map(sqlString).join(', ')}]`;
}

/** Indents every line but the first, so that generated statements stay readable. */
export function indent(text: string, spaces = 4): string {
  return text.replaceAll('\n', `\n${' '.repeat(spaces)}`);
}

/** A select list, one `expression AS name` a line. */
export function selectList(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, expression]) => (name === expression ? name : `${expression} AS ${name}`))
    .join(',\n    ');
}
