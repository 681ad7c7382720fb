import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FUNCTIONS_QUERY, FunctionAllowList } from '../../src/interface/function-allow-list.js';
import type { EngineFunction } from '../../src/interface/function-allow-list.js';
import { INNOCENT_READS, INNOCENT_WRITES } from './innocent-statements.js';
import { openInterface } from './interface-fixture.js';
import type { InterfaceFixture } from './interface-fixture.js';

let fixture: InterfaceFixture;

beforeAll(async () => {
  fixture = await openInterface();
  await fixture.database.command(
    'CREATE TABLE t (a UInt64, s String, at DateTime64(3)) ENGINE = ReplacingMergeTree ORDER BY a',
  );
  await fixture.database.insertRows('t', [{ a: 1, s: 'x', at: '2026-01-02T03:04:05.678Z' }]);
});

afterAll(async () => fixture.close());

describe('innocent statements pass', () => {
  it.each(INNOCENT_READS)('%s', async (statement) => {
    const posted = await fixture.ask({ body: statement });
    expect([posted.status, posted.status === 200 ? '' : posted.text]).toEqual([200, '']);
    const got = await fixture.ask({ query: { query: statement } });
    expect(got.status).toBe(200);
  });

  it.each(INNOCENT_WRITES)('with the token: %s', async (statement) => {
    expect((await fixture.ask({ body: statement })).headers['x-clickhouse-exception-code']).toBe('497');
    expect(
      (await fixture.ask({ query: { query: statement }, isWriter: true })).headers['x-clickhouse-exception-code'],
    ).toBe('497');
    const answer = await fixture.ask({ body: statement, isWriter: true });
    expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
  });
});

describe('the functions a statement may call', () => {
  // Words that appear in names of what reads, writes or connects; a new engine version must not bring such a function in unseen.
  const SUSPICIOUS =
    /file|^url$|s3|remote|cluster|exec|dns|sleep|catboost|macro|certificate|server(?!uuid|timezone)|joinget|column.*in.*table|zookeeper|addressto|filesystem|^ai|^eval|chdb|kafka(?!murmur)|serialid|header/i;

  it('hold nothing that reads, writes or connects', async () => {
    const list = new FunctionAllowList(await fixture.database.query<EngineFunction>(FUNCTIONS_QUERY));
    expect(list.names.length).toBeGreaterThan(1000);
    const known = ['timeseriesremovealltagsexcept', 'servertimezone'];
    expect(list.names.filter((name) => SUSPICIOUS.test(name) && !known.includes(name))).toEqual([]);
  });

  it('are known: a function in a category that nobody has looked at is refused', () => {
    const list = new FunctionAllowList([
      { name: 'harmless', isAggregate: false, aliasTo: '', categories: 'Arithmetic', origin: 'System' },
      { name: 'alias', isAggregate: false, aliasTo: 'harmless', categories: '', origin: 'System' },
      { name: 'brandNew', isAggregate: false, aliasTo: '', categories: 'Networking', origin: 'System' },
      { name: 'mixed', isAggregate: false, aliasTo: '', categories: 'Arithmetic, Networking', origin: 'System' },
      { name: 'uncategorised', isAggregate: false, aliasTo: '', categories: '', origin: 'System' },
      { name: 'someoneElses', isAggregate: false, aliasTo: '', categories: 'Arithmetic', origin: 'SQLUserDefined' },
      { name: 'sum', isAggregate: true, aliasTo: '', categories: '', origin: 'System' },
    ]);
    const names = [
      'harmless',
      'HARMLESS',
      'alias',
      'sumIf',
      'sumOrNullMergeState',
      'brandNew',
      'mixed',
      'uncategorised',
      'someoneElses',
      'harmlessIf',
      'If',
      '',
    ];
    expect(names.filter((name) => list.allows(name))).toEqual([
      'harmless',
      'HARMLESS',
      'alias',
      'sumIf',
      'sumOrNullMergeState',
    ]);
  });
});
