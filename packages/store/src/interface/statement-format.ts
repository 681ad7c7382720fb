import type { EngineConnection } from '../engine/engine-connection.js';
import { parseJsonRows } from '../engine/json-rows.js';
import { encodeSqlLiteral } from '../engine/literals.js';
import { StoreError } from '../engine/store-error.js';
import { InterfaceError } from './interface-error.js';

/**
 * Has the engine's formatter parse a text as the value of a literal and print the one statement in it, on one line.
 * @throws InterfaceError 62 where it is no single statement.
 */
export async function formatStatement(sql: string, connection: EngineConnection): Promise<string> {
  try {
    const { bytes } = await connection.run(
      `SELECT formatQuerySingleLine(${encodeSqlLiteral(sql)}) AS sql`,
      'JSONEachRow',
    );
    const canonical = parseJsonRows<{ sql: string }>(bytes)[0]?.sql;
    if (canonical !== undefined && canonical !== '') return canonical;
  } catch (error) {
    throw syntaxError(error);
  }
  throw new InterfaceError(62, 'SYNTAX_ERROR', 'Syntax error: empty query');
}

/** The formatter's complaint ends with the whole literal; a client wants the complaint. */
function syntaxError(error: unknown): unknown {
  if (!(error instanceof StoreError) || error.clickhouseCode !== 62) return error;
  const message =
    /^Code: 62\. DB::Exception: (.*?)(?:: In scope SELECT formatQuerySingleLine|: while executing|\. \(SYNTAX_ERROR\)|$)/s.exec(
      error.message,
    )?.[1];
  return new InterfaceError(62, 'SYNTAX_ERROR', message ?? 'Syntax error');
}
