/** Parses the lines of a `JSONEachRow` answer. */
export function parseJsonRows<Row extends object>(bytes: Uint8Array): Row[] {
  if (bytes.length === 0) return [];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const rows: Row[] = [];
  for (const line of text.split('\n')) if (line !== '') rows.push(JSON.parse(line) as Row);
  return rows;
}

/** Lines of `JSONEachRow`; bigints become digits in quotes, which every integer and decimal column reads. */
export function encodeJsonRows(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row, bigintAsText)}\n`).join('');
}

/** Every key that any row has, in order of first appearance; a row without one gets the column's default. */
export function columnsOf(rows: readonly object[]): string[] {
  const columns = new Set<string>();
  for (const row of rows) for (const key of Object.keys(row)) columns.add(key);
  return [...columns];
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
