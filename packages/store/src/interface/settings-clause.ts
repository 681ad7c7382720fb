import { TABLE_SETTINGS } from './allow-list.js';
import { refused } from './interface-error.js';
import { settingRule } from './setting-rules.js';
import type { StatementLimits } from './setting-rules.js';
import { isKeyword, isMark } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';

/** One `name = value` of a `SETTINGS` clause. */
export interface SettingToken {
  readonly name: string;
  /** As it stands: a number, a word, or a string in quotes. */
  readonly value: string;
}

/**
 * Checks every `SETTINGS` clause; the syntax tree does not show them. Values are plain numbers, strings or booleans,
 * and a capped setting may not exceed its cap.
 * @throws InterfaceError 497.
 */
export function checkSettingsClauses(
  tokens: readonly SqlToken[],
  limits: StatementLimits,
  isDefinition: boolean,
): void {
  for (const { name, value } of readSettings(tokens)) {
    if (isDefinition && TABLE_SETTINGS.has(name)) continue;
    const rule = settingRule(name, limits);
    if (rule.kind !== 'capped') continue;
    const number = Number(value.replaceAll("'", ''));
    if (!(number > 0 && number <= rule.cap))
      throw refused(`the setting ${name} = ${value.slice(0, 40)}, beyond ${rule.cap},`);
  }
}

/** Every setting of every `SETTINGS` clause, and those of EXPLAIN, which are not settings and are not among them. */
export function readSettings(tokens: readonly SqlToken[]): SettingToken[] {
  const settings: SettingToken[] = [];
  for (const [index, token] of tokens.entries()) {
    if (isKeyword(token, 'SETTINGS') && isSettingsClause(tokens, index))
      settings.push(...readClause(tokens, index + 1));
  }
  return settings;
}

/** How many `SETTINGS` clauses there are. */
export function countSettingsClauses(tokens: readonly SqlToken[]): number {
  return [...tokens.entries()].filter(
    ([index, token]) => isKeyword(token, 'SETTINGS') && isSettingsClause(tokens, index),
  ).length;
}

/** `settings` may also be the name of a column; a clause is `SETTINGS name = …`. */
function isSettingsClause(tokens: readonly SqlToken[], index: number): boolean {
  const [name, equals] = [tokens[index + 1], tokens[index + 2]];
  return (name?.kind === 'word' || name?.kind === 'name') && isMark(equals, '=');
}

function readClause(tokens: readonly SqlToken[], start: number): SettingToken[] {
  const settings: SettingToken[] = [];
  for (let at = start; ; at += 4) {
    const [name, equals, value, after] = [tokens[at], tokens[at + 1], tokens[at + 2], tokens[at + 3]];
    const isPlain =
      value?.kind === 'number' ||
      value?.kind === 'string' ||
      (value?.kind === 'word' && /^(?:true|false)$/i.test(value.text));
    if (
      name === undefined ||
      !isMark(equals, '=') ||
      value === undefined ||
      !isPlain ||
      isMark(after, '(') ||
      isMark(after, '.')
    ) {
      throw refused('a setting that is not name = value');
    }
    settings.push({ name: name.text, value: value.text });
    if (!isMark(after, ',')) return settings;
  }
}
