import { InterfaceError, refused } from './interface-error.js';
import { cappedValue, settingRule } from './setting-rules.js';
import type { StatementLimits } from './setting-rules.js';
import { isKeyword, isMark, unquoteString } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';

/**
 * Reads `SET name = value, …` under the rules that hold for the settings of a request. `DEFAULT` gives undefined.
 * @throws InterfaceError 497 for other settings, parameters of queries, and values that are more than a literal.
 */
export function readSetStatement(
  tokens: readonly SqlToken[],
  limits: StatementLimits,
): ReadonlyMap<string, string | number | undefined> {
  if (!isKeyword(tokens[0], 'SET')) throw refused('this form of SET');
  const settings = new Map<string, string | number | undefined>();
  for (let at = 1; ; at += 4) {
    const [name, equals, value, after] = [tokens[at], tokens[at + 1], tokens[at + 2], tokens[at + 3]];
    if (name?.kind !== 'word' || !isMark(equals, '=') || value === undefined) throw refused('this form of SET');
    const rule = settingRule(name.text, limits);
    if (rule.kind === 'ignored') assertHarmless(name.text);
    else settings.set(name.text, isKeyword(value, 'DEFAULT') ? undefined : cappedValue(rule, literalText(value)));
    if (after === undefined) return settings;
    if (!isMark(after, ',')) throw refused('this form of SET');
  }
}

/** A session keeps what it is told: no more than a setting needs. */
const MAX_VALUE_CHARACTERS = 1000;

/** A client that makes its session read-only must not go on believing it. */
function assertHarmless(name: string): void {
  if (name !== 'readonly') return;
  throw new InterfaceError(
    164,
    'READONLY',
    'SET readonly is not kept by a session here: send readonly=1 with each request, or leave the write token out',
    403,
  );
}

function literalText(value: SqlToken): string {
  if (value.text.length > MAX_VALUE_CHARACTERS)
    throw refused(`a setting of more than ${MAX_VALUE_CHARACTERS} characters`);
  if (value.kind === 'string') return unquoteString(value.text);
  if (value.kind === 'number') return value.text;
  if (isKeyword(value, 'TRUE')) return '1';
  if (isKeyword(value, 'FALSE')) return '0';
  throw refused('a setting that is not name = value');
}
