import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import type { EngineConnection, EngineSettings } from '../engine/engine-connection.js';
import { insertFromFileSql } from '../engine/insert-file.js';
import type { InsertTarget } from './insert-target.js';
import { cappedValue, settingRule } from './setting-rules.js';
import type { StatementLimits } from './setting-rules.js';
import { unquoteString } from './sql-tokens.js';
import { emptyResult } from './statement-result.js';
import type { StatementResult } from './statement-result.js';

/**
 * Has the engine read the rows out of a file: no byte of them ever stands in a statement.
 * @throws StoreError for rows that do not parse or do not fit.
 */
export async function insertData(
  database: EmbeddedDatabase,
  connection: EngineConnection,
  target: InsertTarget,
  { data, limits }: { readonly data: Buffer; readonly limits: StatementLimits },
): Promise<StatementResult> {
  const format = target.format ?? '';
  if (data.length === 0) return emptyResult(format);
  const settings = allowedSettings(target, limits);
  return database.scratch.withFile(data, async (path) => {
    const sql = insertFromFileSql({ table: target.table, columns: target.columns, format, path, settings });
    const { elapsedSeconds, rowsRead, bytesRead } = await connection.run(sql, 'Null');
    return {
      ...emptyResult(format),
      elapsedSeconds,
      rowsRead,
      bytesRead,
      rowsWritten: rowsRead,
      bytesWritten: bytesRead,
    };
  });
}

/** The clause of the statement without what is ignored; `INFILE` wants it elsewhere. */
function allowedSettings(target: InsertTarget, limits: StatementLimits): EngineSettings {
  const settings: Record<string, string | number> = {};
  for (const { name, value } of target.settings) {
    const allowed = cappedValue(settingRule(name, limits), value.startsWith("'") ? unquoteString(value) : value);
    if (allowed !== undefined) settings[name] = allowed;
  }
  return settings;
}
