import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClickHouseInterface, openEmbeddedDatabase, type EmbeddedDatabase } from '@costel/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningCommand, runCommand } from './support/run-cli.js';

const TOKEN = 'a-write-token-of-this-test';

let directory: string;
let database: EmbeddedDatabase;
let server: Server;
let environment: Record<string, string>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'costel-aggregator-'));
  database = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data') });
  ({ server } = await createClickHouseInterface({ database, writeToken: TOKEN }));
  await listen(server);
  environment = { CLICKHOUSE_URL: urlOf(server), CLICKHOUSE_PASSWORD: TOKEN };
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

async function listen(listening: Server): Promise<void> {
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
}

function urlOf(listening: Server): string {
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

/** More than one page of whatever works through traces in pages. */
const CALLS = 1500;

/** A span of 1 000 input and 100 output tokens of gpt-4o-mini ($0.00021) as the collector's exporter writes it. */
function spanRow(): object {
  return {
    Timestamp: new Date(Date.now() - 1000).toISOString(),
    TraceId: randomBytes(16).toString('hex'),
    SpanId: randomBytes(8).toString('hex'),
    SpanName: 'chat gpt-4o-mini',
    SpanKind: 'Client',
    ServiceName: 'shop',
    ResourceAttributes: { 'service.name': 'shop' },
    SpanAttributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
      'gen_ai.response.id': randomBytes(8).toString('hex'),
      'gen_ai.usage.input_tokens': '1000',
      'gen_ai.usage.output_tokens': '100',
    },
    Duration: 1_000_000_000,
  };
}

async function insertCalls(): Promise<void> {
  const query = 'INSERT INTO otel_traces FORMAT JSONEachRow';
  const url = `${urlOf(server)}/?${new URLSearchParams({ query, date_time_input_format: 'best_effort' }).toString()}`;
  const headers = { 'X-ClickHouse-Key': TOKEN };
  const body = Array.from({ length: CALLS }, () => JSON.stringify(spanRow())).join('\n');
  const response = await fetch(url, { method: 'POST', headers, body });
  expect([response.status, await response.text()]).toEqual([200, '']);
}

interface Total {
  readonly cost_usd: string;
  readonly calls: number;
  readonly unpriced_calls: number;
}

/** Asks until the answer is as wanted; gives the last answer otherwise, for the test to show. */
async function totalOnce(api: string, isWanted: (total: Total) => boolean): Promise<Total> {
  const end = Date.now() + 90_000;
  for (;;) {
    const response = await fetch(`${api}/costs/summary?days=2`);
    expect(response.status).toBe(200);
    const { total } = (await response.json()) as { total: Total };
    if (isWanted(total) || Date.now() > end) return total;
  }
}

describe('the aggregator with the embedded interface as its ClickHouse server', () => {
  it('migrates, prices, builds, answers, sets the retention and drops nothing', { timeout: 300_000 }, async () => {
    const migrated = await runCommand(['migrate'], '', { cwd: directory, env: environment });
    expect([migrated.code, migrated.stderr]).toEqual([0, '']);
    const again = await runCommand(['migrate'], '', { cwd: directory, env: environment });
    expect((JSON.parse(again.stdout) as { applied: string[] }).applied).toEqual([]);
    await insertCalls();

    const aggregator = new RunningCommand(['aggregator', '--port', '0'], { cwd: directory, env: environment });
    try {
      await aggregator.untilOutput('/\n');
      const page = /at (http:\S+)\//.exec(aggregator.stdout)?.[1] ?? '';
      const total = await totalOnce(
        `${page}/api/v1`,
        ({ calls, unpriced_calls: unpriced }) => calls === CALLS && unpriced === 0,
      );
      expect(total).toMatchObject({ cost_usd: '0.315', calls: CALLS, unpriced_calls: 0 });
      await expect.poll(() => engineOf('otel_traces')).toContain('toIntervalDay(90)');
      for (const path of [
        'costs/by/model?days=2',
        'costs/hourly?days=2',
        'latency?days=2',
        'unpriced',
        'ready',
        'forecast',
      ])
        expect([path, (await fetch(`${page}/api/v1/${path}`)).status]).toEqual([path, 200]);
    } finally {
      const { stderr } = await aggregator.kill('SIGTERM');
      expect(stderr).not.toMatch(/"level":"(?:error|warn)"|not allowed on this port/);
    }
  });
});

async function engineOf(table: string): Promise<string> {
  const [row] = await database.query<{ engine_full: string }>(
    'SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
    { table },
  );
  return row?.engine_full ?? '';
}

describe('the aggregator with a server that it cannot use', () => {
  it('says in one sentence what it cannot reach, why, and what to do', async () => {
    const gone = createServer();
    await listen(gone);
    const url = urlOf(gone);
    await new Promise((resolve) => gone.close(resolve));
    const ended = await runCommand(['aggregator', '--port', '0'], '', {
      cwd: directory,
      env: { ...environment, CLICKHOUSE_URL: url },
    });
    expect(ended.code).not.toBe(0);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended.stderr).toContain(`ClickHouse at ${url} does not answer (connection refused)`);
  });

  it('says that the password is wrong without printing it', async () => {
    const CLICKHOUSE_PASSWORD = 'not-the-token-of-anything';
    const ended = await runCommand(['aggregator', '--port', '0'], '', {
      cwd: directory,
      env: { ...environment, CLICKHOUSE_PASSWORD },
    });
    expect(ended.code).not.toBe(0);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended.stderr).toMatch(/refuses the password of the user default: .*CLICKHOUSE_PASSWORD/);
    expect(ended.stderr).not.toContain(CLICKHOUSE_PASSWORD);
  });
});
