import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DEFINITION_FUNCTIONS,
  FORMATS,
  SYSTEM_TABLES,
  TABLE_ENGINES,
  TABLE_FUNCTIONS,
  TABLE_SETTINGS,
} from '../../src/interface/allow-list.js';
import { FUNCTIONS_QUERY, FunctionAllowList } from '../../src/interface/function-allow-list.js';
import type { EngineFunction } from '../../src/interface/function-allow-list.js';
import { DEFAULT_LIMITS, settingRule } from '../../src/interface/setting-rules.js';
import { openInterface } from './interface-fixture.js';
import type { InterfaceFixture } from './interface-fixture.js';

/*
 * What the pinned engine can do, and what of it this port lets through, name by name: `reviewed-engine.txt`. When the
 * engine is upgraded this test fails with every name that came, went or changed sides. Look at each `allowed` one (does
 * it read, write, connect, wait, evaluate, or keep anything outside the statement?), refuse in allow-list.ts or
 * setting-rules.ts what does, and then write the file anew: `npx vitest run packages/store/test/interface/engine-review.test.ts -u`.
 */

let fixture: InterfaceFixture;

beforeAll(async () => {
  fixture = await openInterface();
});

afterAll(async () => fixture.close());

async function namesOf(table: string): Promise<string[]> {
  const rows = await fixture.database.query<{ name: string }>(
    `SELECT DISTINCT name FROM system.${table} ORDER BY name`,
  );
  return rows.map(({ name }) => name);
}

type Verdict = 'allowed' | 'capped' | 'ignored' | 'refused';

function settingVerdict(name: string): Verdict {
  try {
    const { kind } = settingRule(name, DEFAULT_LIMITS);
    return kind === 'free' ? 'allowed' : kind;
  } catch {
    return 'refused';
  }
}

const verdictBy =
  (isAllowed: (name: string) => boolean) =>
  (name: string): Verdict =>
    isAllowed(name) ? 'allowed' : 'refused';

async function review(): Promise<readonly (readonly [kind: string, name: string, verdict: Verdict])[]> {
  const functions = new FunctionAllowList(await fixture.database.query<EngineFunction>(FUNCTIONS_QUERY));
  const systemTables = await fixture.database.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = 'system' ORDER BY name",
  );
  const kinds: readonly (readonly [string, readonly string[], (name: string) => Verdict])[] = [
    ['function', await namesOf('functions'), verdictBy((name) => functions.allows(name))],
    ['table function', await namesOf('table_functions'), verdictBy((name) => TABLE_FUNCTIONS.has(name.toLowerCase()))],
    ['table engine', await namesOf('table_engines'), verdictBy((name) => TABLE_ENGINES.has(name))],
    ['codec', await namesOf('codecs'), verdictBy((name) => DEFINITION_FUNCTIONS.has(name.toLowerCase()))],
    ['index', await namesOf('data_skipping_index_types'), verdictBy((name) => DEFINITION_FUNCTIONS.has(name))],
    ['format', await namesOf('formats'), verdictBy((name) => FORMATS.has(name))],
    ['system table', systemTables.map(({ name }) => name), verdictBy((name) => SYSTEM_TABLES.has(name))],
    ['table setting', await namesOf('merge_tree_settings'), verdictBy((name) => TABLE_SETTINGS.has(name))],
    ['setting', await namesOf('settings'), settingVerdict],
  ];
  return kinds.flatMap(([kind, names, verdict]) => names.map((name) => [kind, name, verdict(name)] as const));
}

describe('everything that the engine can do has been looked at', () => {
  it('name by name, as reviewed-engine.txt says', async () => {
    const names = await review();
    expect(names.length).toBeGreaterThan(3500);
    const text = names.map(([kind, name, verdict]) => `${verdict} ${kind} ${name}\n`).join('');
    await expect(text).toMatchFileSnapshot('reviewed-engine.txt');
  });

  it('and what is allowed by name exists: a spelling mistake allows nothing', async () => {
    const names = await review();
    const has = (kind: string): ReadonlySet<string> =>
      new Set(names.filter(([each]) => each === kind).map(([, name]) => name.toLowerCase()));
    const missing = (kind: string, listed: Iterable<string>): string[] =>
      [...listed].filter((name) => !has(kind).has(name.toLowerCase()));
    expect(missing('table engine', TABLE_ENGINES)).toEqual([]);
    expect(missing('table setting', TABLE_SETTINGS)).toEqual([]);
    expect(missing('format', FORMATS)).toEqual([]);
    expect(missing('system table', SYSTEM_TABLES)).toEqual([]);
  });
});
