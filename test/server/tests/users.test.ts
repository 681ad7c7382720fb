import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { connectDatabase, migrate, refreshRates, type Database } from '@costel/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  costAttributes,
  insertSpans,
  spanRow,
  type TestStore,
} from '../../../packages/store/test/support/test-store.js';
import { startServer, type RunningServer } from '../support/start-server.mjs';

const SHIPPED = readFileSync(resolve(import.meta.dirname, '../../../deploy/clickhouse/users.xml'), 'utf8');
const READ_PASSWORD = 'password-of-grafana';

/** The users that docker-compose.yml mounts, on ClickHouse's own access control. */
describe('the shipped users.xml', () => {
  let server: RunningServer;
  let writer: Database;
  beforeAll(async () => {
    server = await startServer({
      users: { 'zz-costel.xml': SHIPPED },
      environment: { COSTEL_READ_PASSWORD: READ_PASSWORD },
    });
    writer = await connectDatabase({ url: server.url, username: server.user, password: server.password });
    await migrate(writer);
    const at = new Date(Date.now() - 60_000).toISOString();
    await insertSpans({ db: writer } as TestStore, [
      spanRow({ at, receivedAt: 'now', attributes: costAttributes('2') }),
    ]);
  });
  afterAll(async () => {
    await writer?.close();
    await server?.stop();
  });

  const ask = async (user: string, password: string, sql: string) => {
    const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password };
    const response = await fetch(`${server.url}/?database=costel`, { method: 'POST', body: sql, headers });
    return {
      ok: response.ok,
      code: response.headers.get('x-clickhouse-exception-code'),
      text: (await response.text()).trim(),
    };
  };
  const asGrafana = (sql: string) => ask('grafana', READ_PASSWORD, sql);

  it.each(['llm_cost_hourly', 'llm_cost_daily', 'llm_cost_detail'])('lets Grafana read %s', async (view) => {
    expect(await asGrafana(`SELECT sum(calls), toFloat64(sum(cost_usd)) FROM ${view}`)).toMatchObject({
      ok: true,
      text: '1\t2',
    });
  });

  it.each([
    ['write', 'INSERT INTO llm_calls (tenant) VALUES (1)'],
    ['make a table', 'CREATE TABLE mine (a UInt8) ENGINE = Memory'],
    ['drop one', 'DROP TABLE llm_calls'],
    ['lift its own limits', 'SELECT 1 SETTINGS readonly = 0'],
    ['read who there is', 'SELECT * FROM system.users'],
    ['read files', "SELECT * FROM file('/etc/passwd', 'LineAsString', 'line String')"],
    ['ask other servers', "SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')"],
  ])('does not let Grafana %s', async (_what, sql) => {
    const answer = await asGrafana(sql);
    expect(answer.ok).toBe(false);
    expect(['164', '291', '497']).toContain(answer.code);
  });

  it('lets Grafana set the time limit of a query, as its plugin does', async () => {
    expect(await asGrafana('SELECT 1 SETTINGS max_execution_time = 30')).toMatchObject({ ok: true, text: '1' });
  });

  it('lets the server load prices as "default", who may read nothing else', async () => {
    await refreshRates(writer, () => []);
    const [state] = await writer.query<{ status: string }>(
      "SELECT status FROM system.dictionaries WHERE database = currentDatabase() AND name = 'llm_rates_dict'",
    );
    expect(state?.status).toBe('LOADED');
    expect(await ask('default', '', 'SELECT count() FROM llm_rates')).toMatchObject({ ok: true });
    for (const table of ['llm_calls', 'otel_traces', 'llm_cost_hourly'])
      expect(await ask('default', '', `SELECT count() FROM ${table}`)).toMatchObject({ ok: false, code: '497' });
  });

  it('knows nobody without the right password', async () => {
    expect(await ask('grafana', 'wrong', 'SELECT 1')).toMatchObject({ ok: false });
    expect(await ask(server.user, READ_PASSWORD, 'SELECT 1')).toMatchObject({ ok: false });
  });
});
