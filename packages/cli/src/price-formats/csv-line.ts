/** The cells of one line of CSV; a cell in double quotes may hold commas, and a doubled quote is one. */
export function parseCsvLine(line: string): string[] {
  const cells: string[] = [];
  let position = 0;
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  while (position <= text.length) {
    if (text[position] === '"') {
      const quoted = /"((?:[^"]|"")*)"?/y;
      quoted.lastIndex = position;
      const match = quoted.exec(text);
      cells.push((match?.[1] ?? '').replaceAll('""', '"'));
      position = quoted.lastIndex;
      const comma = text.indexOf(',', position);
      position = comma < 0 ? text.length + 1 : comma + 1;
      continue;
    }
    const comma = text.indexOf(',', position);
    const end = comma < 0 ? text.length : comma;
    cells.push(text.slice(position, end));
    position = end + 1;
  }
  return cells;
}
