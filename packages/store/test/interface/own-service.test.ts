import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database.js';
import { migrate } from '../../src/migrate/migrate.js';
import { buildRollups } from '../../src/rollup/build-rollups.js';
import { reloadRates } from '../../src/rates/write-rates.js';
import { connectDatabase } from '../../src/server/server-database.js';
import { driftGauges } from '../../src/upkeep/drift-gauges.js';
import { dropOldBuilds } from '../../src/upkeep/drop-old-builds.js';
import { repair } from '../../src/upkeep/repair.js';
import { applyRetention } from '../../src/upkeep/retention.js';
import { queryCosts } from '../../src/query/query-costs.js';
import { openInterface, WRITE_TOKEN } from './interface-fixture.js';
import type { InterfaceFixture } from './interface-fixture.js';

const NOW_MS = Date.UTC(2026, 10, 22, 12);

let fixture: InterfaceFixture;
let service: Database;

beforeAll(async () => {
  fixture = await openInterface();
  service = await connectDatabase({ url: fixture.url, password: WRITE_TOKEN });
});

afterAll(async () => {
  await service.close();
  await fixture.close();
});

describe("Costel's own service may do its work through the interface, with the token", () => {
  it('migrates, dictionary included', async () => {
    expect((await migrate(service)).applied.length).toBeGreaterThan(20);
    expect((await migrate(service)).applied).toEqual([]);
    await reloadRates(service);
  });

  it('builds, drops what was replaced, compares and repairs', async () => {
    const at = '2026-11-22 09:50:00.000';
    const call = {
      trace_id: 't',
      span_id: 's',
      version: '1',
      model: 'm',
      counted: 1,
      cost_usd: '1',
      cost_status: 'priced',
    };
    await fixture.database.insertRows('llm_calls', [
      { ...call, tenant: 'default', started: at, received_at: at, counted_at: at, clock_status: 'ok' },
    ]);
    expect((await buildRollups(service, { nowMs: NOW_MS })).quarters).toBe(1);
    await fixture.database.insertRows('llm_cost_15m', [{ quarter: '2026-11-01 00:00:00', build: 1 }]);
    await dropOldBuilds(service, { nowMs: NOW_MS });
    expect(await service.query('SELECT count() AS rows FROM llm_cost_15m WHERE build = 1')).toEqual([{ rows: '0' }]);
    expect(await driftGauges(service, { nowMs: NOW_MS, windowMs: 900_000 })).toMatchObject({ rawToLedgerCalls: 0 });
    const range = { from: new Date(NOW_MS - 3_600_000), to: new Date(NOW_MS) };
    expect(await repair(service, range)).toMatchObject({ calls: 0 });
    expect((await queryCosts(service, range)).total.calls).toBe(0);
  });

  it('sets the retention', async () => {
    await applyRetention(service, { rawDays: 30, ledgerDays: 400 });
    const engines = await service.query<{ engine_full: string }>(
      "SELECT engine_full FROM system.tables WHERE database = 'costel' AND name IN ('otel_traces', 'llm_calls') ORDER BY name",
    );
    expect(engines.map(({ engine_full: engine }) => /toIntervalDay\((\d+)\)/.exec(engine)?.[1])).toEqual(['400', '30']);
  });

  it('and a reader may do none of it', async () => {
    for (const body of [
      'SYSTEM RELOAD DICTIONARY llm_rates_dict',
      'DELETE FROM published WHERE build < 5',
      'ALTER TABLE otel_traces MODIFY TTL toDateTime(ReceivedAt) + toIntervalDay(1)',
    ]) {
      const { headers, text } = await fixture.ask({ body });
      expect([headers['x-clickhouse-exception-code'], text]).toEqual(['497', expect.stringContaining('write token')]);
    }
  });

  it('and a writer none beyond it: other tables, dictionaries, lifetimes and definitions are refused', async () => {
    const [definition] = await service.query<{ sql: string }>(
      "SELECT create_table_query AS sql FROM system.tables WHERE name = 'llm_rates_dict'",
    );
    const create = (definition?.sql ?? '').replace(
      'CREATE DICTIONARY costel.llm_rates_dict',
      'CREATE DICTIONARY costel.other',
    );
    expect(create).toContain('CREATE DICTIONARY costel.other');
    for (const body of [
      create,
      create
        .replace('CREATE DICTIONARY costel.other', 'CREATE DICTIONARY IF NOT EXISTS costel.llm_rates_dict')
        .replace('LIFETIME(MIN 0 MAX 0)', 'LIFETIME(1)'),
      'SYSTEM RELOAD DICTIONARIES',
      'SYSTEM RELOAD DICTIONARY other',
      'SYSTEM RELOAD DICTIONARY other.llm_rates_dict',
      'DELETE FROM llm_calls WHERE 1',
      'DELETE FROM costel.otel_traces WHERE 1',
      'DELETE FROM other.published WHERE 1',
      'DELETE FROM published ON CLUSTER c WHERE 1',
      "DELETE FROM published WHERE file('/etc/hostname') != ''",
      "DELETE FROM published WHERE build IN (SELECT * FROM url('http://127.0.0.1:9/', CSV))",
      'DELETE FROM published WHERE 1 SETTINGS max_execution_time = 0',
      'ALTER TABLE otel_traces MODIFY TTL toDateTime(ReceivedAt) + toIntervalDay(0)',
      'ALTER TABLE otel_traces MODIFY TTL toDateTime(ReceivedAt) + toIntervalDay(-5)',
      "ALTER TABLE otel_traces MODIFY TTL toDateTime(ReceivedAt) + toIntervalDay(90) TO DISK 'x'",
      'ALTER TABLE otel_traces MODIFY TTL toDateTime(ReceivedAt) + toIntervalDay(90) WHERE 1',
      'ALTER TABLE otel_traces MODIFY TTL toDateTime(ReceivedAt) + toIntervalDay(90), DROP COLUMN SpanName',
      'ALTER TABLE published MODIFY TTL toDateTime(at) + toIntervalDay(90)',
      'ALTER TABLE other.otel_traces MODIFY TTL toDateTime(ReceivedAt) + toIntervalDay(90)',
    ]) {
      const { headers } = await fixture.ask({ body, isWriter: true });
      expect([body, headers['x-clickhouse-exception-code']]).toEqual([body, expect.stringMatching(/^(?:497|62)$/)]);
    }
  });
});
