import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planMigration, StoreError } from '../../src/index.js';
import { storeTick } from '../schedules/store-tick.js';
import { costAttributes, newId, seededRandom, spanRow, type SpanRow } from '../support/test-store.js';
import { openTwoShards, PLAN, type TwoShards } from './two-shards.js';

const GOLDEN = new URL('cluster.golden.sql', import.meta.url);
/** Files that the golden file shows, one of each kind of statement; every other file is held to the rules below. */
const SHOWN =
  /^(CREATE DATABASE.*|.*ADD COLUMN IF NOT EXISTS usage_more|CREATE .*\.(schema_migrations|otel_traces|otel_traces_trace_id_ts_mv|llm_rates|llm_calls|span_edges|span_edges_mv|llm_cost_1d|published|llm_calls_final|alert_claims) )/m;
const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');

const code = (sql: string) => sql.replaceAll(/^--.*\n/gm, '');

describe('the schema of a cluster', () => {
  it('is rendered as the golden file shows; UPDATE_GOLDEN=1 writes it anew', () => {
    const shown = `${PLAN.filter((sql) => SHOWN.test(sql)).join(';\n\n')};\n`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(GOLDEN, shown);
    expect(shown).toBe(readFileSync(GOLDEN, 'utf8'));
  });

  it('names the cluster in every statement, and replicates every table that keeps rows', () => {
    for (const sql of PLAN) {
      expect(code(sql)).toMatch(/ ON CLUSTER `main`/);
      for (const [engine] of code(sql).matchAll(/(?<=^ENGINE = )\w+/gm)) {
        expect(engine).toMatch(/^(Replicated\w*MergeTree|Distributed|Null)$/);
      }
    }
  });

  it('keeps a trace on one shard, whoever received its spans, and one copy of prices and alerts', () => {
    const engines = PLAN.join('\n').match(/Distributed\(.*cityHash64.*\)/g);
    expect(engines).toContain("Distributed('main', 'costel', 'otel_traces', cityHash64(TraceId))");
    expect(engines).toContain("Distributed('main', 'costel', 'llm_calls', cityHash64(trace_id))");
    expect(engines).toContain("Distributed('main', 'costel', 'span_edges', cityHash64(trace_id))");
    const targets = PLAN.flatMap((sql) => /^TO (\S+)$/m.exec(sql)?.[1] ?? []);
    expect(targets).toEqual([
      'costel.otel_traces_trace_id_ts',
      'costel_all.span_edges',
      'costel_all.llm_calls',
      'costel_all.llm_calls',
      'costel.llm_foreign_spans',
      'costel.llm_cost_15m',
      'costel.llm_cost_15m_wide',
      'costel.llm_cost_15m_tag',
    ]);
    const oneCopy = PLAN.filter((sql) => sql.includes("'/clickhouse/tables/{uuid}/all'"));
    expect(oneCopy.map((sql) => /costel\.(\w+)/.exec(code(sql))?.[1])).toEqual([
      'schema_migrations',
      'llm_rates',
      'alert_events',
      'alert_claims',
      'alert_deliveries',
    ]);
  });

  it('is one file for one machine and for many: without a cluster nothing is distributed or replicated', () => {
    expect(planMigration().join('\n')).not.toMatch(/ON CLUSTER|Replicated\w*MergeTree|Distributed\(/);
    expect(() => planMigration({ cluster: 'main`; DROP TABLE x' })).toThrow(StoreError);
  });
});

describe('two shards', () => {
  const directory = mkdtempSync(join(tmpdir(), 'costel-shards-'));
  let cluster: TwoShards;
  beforeAll(async () => {
    cluster = await openTwoShards(directory);
  });
  afterAll(async () => {
    await cluster.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const tickAll = async () => {
    for (const shard of cluster.shards) await storeTick(shard, NOW_MS);
  };
  const total = async (tenant: string) => {
    const [row] = await cluster.all.query<{ usd: string; calls: string }>(
      'SELECT sum(cost_usd) AS usd, sum(calls) AS calls FROM llm_cost_quarters WHERE tenant = {tenant:String}',
      { tenant },
    );
    return { usd: Number(row?.usd), calls: Number(row?.calls) };
  };
  const dollar = (tenant: string, more: Partial<SpanRow> = {}): SpanRow => ({
    ...spanRow({
      at: '2026-11-11T10:00:00.000Z',
      attributes: costAttributes('1'),
      resource: { 'costel.tenant': tenant },
    }),
    ...more,
  });

  it('count a span once that two collectors send to different shards, before and after each shard’s build', async () => {
    const spans = Array.from({ length: 200 }, () => dollar('resent'));
    const [first, second] = cluster.shards;
    await first.insertRows('otel_traces', spans);
    await second.insertRows('otel_traces', spans.slice(0, 150));
    expect(await total('resent')).toEqual({ usd: 200, calls: 200 });
    // One shard has built and published, the other has not: builds are a matter of one shard.
    await storeTick(first, NOW_MS);
    expect(await total('resent')).toEqual({ usd: 200, calls: 200 });
    await tickAll();
    await second.insertRows('otel_traces', spans.slice(100));
    await tickAll();
    expect(await total('resent')).toEqual({ usd: 200, calls: 200 });
  });

  it('hold each trace whole on the shard of its hash, calls and edges, and both shards hold some', async () => {
    for (const [index, shard] of cluster.shards.entries()) {
      for (const table of ['llm_calls', 'span_edges']) {
        const [row] = await shard.query<{ rows: string; strangers: string }>(
          `SELECT count() AS rows, countIf(cityHash64(trace_id) % 2 != {index:UInt8}) AS strangers FROM ${table}`,
          { index },
        );
        expect(row?.strangers).toBe('0');
        if (table === 'llm_calls') expect(Number(row?.rows)).toBeGreaterThan(50);
      }
    }
  });

  it('judge a trace once whose spans came to different shards, children first', async () => {
    const span = (trace: string, operation: string, span_id: string, parent: string, tokens: number) =>
      spanRow({
        trace,
        span: span_id,
        parent,
        at: '2026-11-11T10:00:00.000Z',
        scope: 'framework',
        attributes: {
          'gen_ai.operation.name': operation,
          'gen_ai.provider.name': 'openai',
          'gen_ai.request.model': 'm',
          ...(tokens === 0 ? {} : { 'gen_ai.usage.input_tokens': String(tokens) }),
        },
        resource: { 'costel.tenant': 'nested' },
      });
    const traces = Array.from({ length: 20 }, () => ({
      trace: newId(32),
      agent: newId(16),
      tool: newId(16),
      call: newId(16),
    }));
    const [first, second] = cluster.shards;
    const calls = traces.map(({ trace, call, tool }) => span(trace, 'chat', call, tool, 1000));
    await first.insertRows('otel_traces', calls);
    await tickAll();
    const above = traces.flatMap(({ trace, tool, agent }) => [
      span(trace, 'execute_tool', tool, agent, 0),
      span(trace, 'invoke_agent', agent, '', 1000),
    ]);
    await second.insertRows('otel_traces', above);
    await tickAll();
    expect(await total('nested')).toEqual({ usd: 0.02, calls: 20 });
  });

  it('agree with one machine for random batches, resends and shards', async () => {
    const random = seededRandom(7);
    const spans = Array.from({ length: 60 }, () => dollar('random'));
    for (let round = 0; round < 6; round += 1) {
      const batch = spans.filter(() => random() < 0.5);
      await cluster.shards[random() < 0.5 ? 0 : 1].insertRows('otel_traces', batch);
      if (round % 2 === 0) await tickAll();
    }
    await cluster.shards[1].insertRows('otel_traces', spans);
    expect(await total('random')).toEqual({ usd: 60, calls: 60 });
    await tickAll();
    expect(await total('random')).toEqual({ usd: 60, calls: 60 });
  });
});
