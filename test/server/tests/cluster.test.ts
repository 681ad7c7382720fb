import { createAggregator, parseConfig, type Aggregator } from '@costel/aggregator';
import { connectDatabase, planMigration, type Database } from '@costel/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onOneMachine } from '../../../packages/store/test/migrate/two-shards.js';
import { costAttributes, newId, spanRow } from '../../../packages/store/test/support/test-store.js';
import { freePort } from '../../support/free-port.mjs';
import { SERVER_PASSWORD, SERVER_USER, startServer, type RunningServer } from '../support/start-server.mjs';

const CALLS = 300;
/** An acknowledgement follows the commit on the shard that keeps the row. */
const FOREGROUND = `<clickhouse><profiles><default><distributed_foreground_insert>1</distributed_foreground_insert></default></profiles></clickhouse>`;

/** `remote_servers` of two shards of one replica each, joined by ClickHouse's native protocol. */
function clusterOf(tcpPorts: readonly number[]): string {
  const shards = tcpPorts.map(
    (port) =>
      `<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>${port}</port><user>${SERVER_USER}</user><password>${SERVER_PASSWORD}</password></replica></shard>`,
  );
  return `<remote_servers><main>${shards.join('')}</main></remote_servers>`;
}

/**
 * Two servers with the statements of `costel migrate --cluster main`, as they are but for `ON CLUSTER` (each is run on both)
 * and replication, which the library has no server for.
 */
describe('a cluster of two servers', () => {
  const servers: RunningServer[] = [];
  const local: Database[] = [];
  const distributed: Database[] = [];
  let aggregator: Aggregator;
  const spans = Array.from({ length: CALLS }, (_, index) =>
    spanRow({
      trace: newId(32),
      at: new Date(Date.now() - 600_000 - index * 1000).toISOString(),
      receivedAt: 'now',
      attributes: costAttributes('1', { 'user.id': `user-${index % 7}` }),
    }),
  );

  beforeAll(async () => {
    const ports = [
      { http: await freePort(), tcp: await freePort() },
      { http: await freePort(), tcp: await freePort() },
    ];
    const config = clusterOf(ports.map(({ tcp }) => tcp));
    for (const own of ports) {
      const server = await startServer({ ports: own, config, users: { 'foreground.xml': FOREGROUND } });
      servers.push(server);
      const login = { url: server.url, username: SERVER_USER, password: SERVER_PASSWORD };
      local.push(await connectDatabase({ ...login, database: 'costel' }));
      distributed.push(await connectDatabase({ ...login, database: 'costel_all' }));
    }
    for (const database of local)
      for (const statement of planMigration({ cluster: 'main' })) await database.command(onOneMachine(statement));
    const [first, ...shards] = local;
    if (first === undefined) throw new Error('no shard');
    aggregator = await createAggregator({
      database: first,
      shards,
      config: parseConfig('server: { port: 0 }\nbudgets: [{ name: all, limit_usd: 1000 }]', 'costel.yaml'),
      log: () => undefined,
    });
  });
  afterAll(async () => {
    await aggregator?.stop();
    for (const database of [...local, ...distributed]) await database.close();
    for (const server of servers) await server.stop();
  });

  const send = async (node: number, rows: readonly object[]) => distributed[node]?.insertRows('otel_traces', rows);
  const tick = async () => {
    for (const { name } of aggregator.ticker.health()) await aggregator.ticker.runNow(name);
  };
  const read = async (path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/${path}`);
    return (await response.json()) as Record<string, unknown>;
  };
  const totalOf = async (database: Database | undefined) =>
    database?.query('SELECT toFloat64(sum(cost_usd)) AS usd, toUInt32(sum(calls)) AS calls FROM llm_cost_quarters');
  const WHOLE = { usd: CALLS, calls: CALLS };

  it('counts a span once that is sent to both, and keeps each trace on the shard of its hash', async () => {
    await send(0, spans);
    await send(1, spans.slice(0, 200));
    for (const [index, database] of local.entries()) {
      const [row] = await database.query<{ rows: string; strangers: string }>(
        'SELECT count() AS rows, countIf(cityHash64(trace_id) % 2 != {index:UInt8}) AS strangers FROM llm_calls FINAL',
        { index },
      );
      expect(Number(row?.rows)).toBeGreaterThan(CALLS / 4);
      expect(row?.strangers).toBe('0');
    }
    expect(await totalOf(distributed[0])).toEqual([WHOLE]);
    expect(await totalOf(distributed[1])).toEqual([WHOLE]);
  });

  it('says the same from the API, the budgets and the Distributed views, before and after builds and resends', async () => {
    await tick();
    await send(1, spans.slice(100));
    await tick();
    expect(await totalOf(distributed[1])).toEqual([WHOLE]);
    expect(await read('costs/summary')).toMatchObject({ total: { cost_usd: String(CALLS), calls: CALLS } });
    const top = (await read('costs/by/user?limit=7')) as { groups: { key: { user: string }; calls: number }[] };
    expect(
      top.groups
        .map(({ key, calls }): [string, number] => [key.user, calls])
        .toSorted(([left], [right]) => left.localeCompare(right)),
    ).toEqual(
      Array.from({ length: 7 }, (_, user) => [`user-${user}`, spans.filter((_span, at) => at % 7 === user).length]),
    );
    expect(await read('budgets')).toMatchObject({ budgets: [{ name: 'all', spent_usd: String(CALLS) }] });
  });
});
