import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedDatabase, type EmbeddedDatabase } from '../../src/index.js';

describe('a file of rows that is read under other types than the table has', () => {
  const directory = mkdtempSync(join(tmpdir(), 'costel-insert-file-'));
  const columns = ['name', 'labels', 'n.names', 'n.maps'];
  const readAs = ['String', 'Map(String, String)', 'Array(String)', 'Array(Map(String, String))'];
  let database: EmbeddedDatabase;
  let path: string;

  beforeAll(async () => {
    database = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data') });
    for (const table of ['own', 'other']) {
      await database.command(
        `CREATE TABLE ${table} (name LowCardinality(String), labels Map(LowCardinality(String), String),
           n Nested (names LowCardinality(String), maps Map(LowCardinality(String), String)), at DateTime DEFAULT toDateTime(7))
         ENGINE = MergeTree ORDER BY tuple()`,
      );
    }
    const { bytes } = await database.run(
      String.raw`SELECT concat('name ', toString(number % 3), '\n\n', unhex('ff00')) AS name,
           map('a', toString(number), 'a', '', concat('k', toString(number % 5)), repeat('x', number)) AS labels,
           arrayMap(i -> toString(i), range(number % 4)) AS names, arrayMap(i -> map('i', toString(i)), range(number % 4)) AS maps
         FROM numbers(500)`,
      { format: 'RowBinary' },
    );
    path = join(directory, "rows'with quote.bin");
    writeFileSync(path, bytes);
  });
  afterAll(async () => {
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('holds the same rows as one that is read under the table’s own, defaults included', async () => {
    await database.insertFile({ table: 'own', columns, format: 'RowBinary', path });
    await database.insertFile({
      table: 'other',
      columns,
      format: 'RowBinary',
      path,
      readAs,
      settings: { async_insert: 0 },
    });
    const rows = async (table: string) =>
      database.query(`SELECT hex(name) AS name, labels, n.names, n.maps, at FROM ${table}`);
    expect(await rows('other')).toEqual(await rows('own'));
    expect(await rows('own')).toHaveLength(500);
  });

  it('is refused where a type is missing, or its name is a pattern', async () => {
    const insert = { table: 'other', columns, format: 'RowBinary', path };
    await expect(database.insertFile({ ...insert, readAs: ['String'] })).rejects.toMatchObject({
      code: 'name_invalid',
    });
    await expect(database.insertFile({ ...insert, path: `${directory}/*.bin`, readAs })).rejects.toMatchObject({
      code: 'name_invalid',
    });
  });
});
