import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClickHouseInterface } from '../../src/interface/clickhouse-interface.js';
import { openInterface, WRITE_TOKEN } from './interface-fixture.js';
import type { InterfaceFixture } from './interface-fixture.js';

const READ_TOKEN = 'read-token-of-the-tests';

let fixture: InterfaceFixture;

beforeAll(async () => {
  fixture = await openInterface({ readToken: READ_TOKEN });
});

afterAll(async () => fixture.close());

describe('a read token', () => {
  it('is what reading takes then; writing takes the write token still', async () => {
    const statusOf = async (headers: Record<string, string>, query: Record<string, string> = {}): Promise<string> => {
      const statements = ['SELECT 1', 'CREATE TABLE IF NOT EXISTS r (a UInt8) ENGINE = Memory'];
      const answers = [];
      for (const body of statements) answers.push(await fixture.ask({ body, headers, query }));
      return answers.map(({ headers: got }) => String(got['x-clickhouse-exception-code'] ?? 'ok')).join(' ');
    };
    const basic = (password: string): string => `Basic ${Buffer.from(`grafana:${password}`).toString('base64')}`;
    expect(await statusOf({})).toBe('516 516');
    expect(await statusOf({ 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': '' })).toBe('516 516');
    expect(await statusOf({ 'X-ClickHouse-Key': READ_TOKEN })).toBe('ok 497');
    expect(await statusOf({ Authorization: basic(READ_TOKEN) })).toBe('ok 497');
    expect(await statusOf({ Authorization: `Bearer ${READ_TOKEN}` })).toBe('ok 497');
    expect(await statusOf({}, { user: 'grafana', password: READ_TOKEN })).toBe('ok 497');
    expect(await statusOf({ Authorization: basic(WRITE_TOKEN) })).toBe('ok ok');
    expect(await statusOf({ Authorization: basic(READ_TOKEN), 'X-ClickHouse-Key': WRITE_TOKEN })).toBe('516 516');
    expect(await statusOf({ 'X-ClickHouse-Key': `${READ_TOKEN}x` })).toBe('516 516');
    expect((await fixture.ask({ path: '/ping' })).text).toBe('Ok.\n');
  });

  it('that is short, or the write token, is refused at the start', async () => {
    const start = async (readToken: string): Promise<unknown> =>
      createClickHouseInterface({ database: fixture.database, writeToken: WRITE_TOKEN, readToken });
    await expect(start('short')).rejects.toThrow(RangeError);
    await expect(start(WRITE_TOKEN)).rejects.toThrow(RangeError);
  });
});
