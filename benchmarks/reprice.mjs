// Time to price history again: from the command to the published totals, with readers in a loop; needs the built packages.
//   npm run bench -- reprice [--calls 10000000] [--days 10] [--json]
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { picoUsd, USAGE_BUCKETS } from '@costel/pricing';
import {
  buildRollups,
  migrate,
  openEmbeddedDatabase,
  previewReprice,
  queryCosts,
  reprice,
  writeRates,
} from '@costel/store';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '10000000' },
    days: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const calls = Number(values.calls);
const days = Number(values.days);
const DAY_MS = 86_400_000;
// Up to yesterday: rollups of quarter hours by user are kept for some weeks only.
const nowMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const firstMs = nowMs - (days + 1) * DAY_MS;
const range = { from: new Date(firstMs), to: new Date(firstMs + days * DAY_MS) };
const MODELS = ['one', 'two', 'three', 'four'];

/** @param {bigint} unit pico-dollars */
function resolverAt(unit) {
  const tier = {
    aboveInputTokens: 0,
    fromSecondOfDay: 0,
    toSecondOfDay: 86_400,
    prices: USAGE_BUCKETS.map(() => picoUsd(unit)),
  };
  const period = {
    validFromMs: 0,
    validToMs: 4_102_444_800_000,
    tiers: [tier],
    source: 'override',
    catalogueModel: 'm',
    asOf: '2026-11-01',
  };
  return () => [period];
}

/**
 * A day of calls, written as rows of the ledger: what receiving them costs is another benchmark's question. A conversation
 * has five calls of one user and feature, three of one model and two of another.
 */
const INSERT_DAY = `INSERT INTO llm_calls (tenant, started, trace_id, span_id, item, version, received_at, counted_at, clock_status, id_status,
    service, environment, provider, operation, request_model, response_model, model, feature, user, customer, team, project,
    conversation, tags, response_id, emitter, status, duration_ns, usage_quality, usage_input, usage_cache_read, usage_output,
    own_usage, cost_usd, cost_status, price_source, rate_id, counted, verdict)
SELECT 'default', fromUnixTimestamp64Milli({start:Int64} + toInt64(intDiv(number * 86400000, {calls:UInt64})), 'UTC') AS at,
    lower(hex(sipHash128(number, {start:Int64}))), lower(hex(sipHash64(number, {start:Int64}))), 0,
    281474976710655 - toUnixTimestamp64Milli(at) - 1000, at + toIntervalSecond(1), at, 'ok', 'ok', 'shop', 'prod', 'own', 'chat',
    ['one', 'two', 'three', 'four'][(intDiv(number, 5) + (number % 5 > 2)) % 4 + 1] AS called, called, called,
    concat('f', toString(intDiv(number, 5) % 10)), concat('u', toString(cityHash64(intDiv(number, 5)) % 20000) AS person),
    concat('c', toString(cityHash64(person) % 200)), 'team', 'project',
    concat('conversation', toString(intDiv(number, 5))), map('tier', ['a', 'b'][intDiv(number, 5) % 2 + 1]),
    concat('r', toString(number)), '@costel/instrumentation', 'unset', 800000000 + number % 1000000, 'reported',
    cityHash64(number) % 5000 AS input, 100, cityHash64(number, 2) % 500 AS output, [input, 100, 0, 0, 0, 0, 0, 0, 0, output],
    toDecimal128(input + 100 + output, 0) * toDecimal128('0.000000000001', 12) * 1000, 'priced', 'override', 'old', 1, 'counted'
FROM numbers({calls:UInt64})
SETTINGS max_partitions_per_insert_block = 0`;

/** @param {string} what */
const say = (what) => process.stderr.write(`${what}\n`);

/** @template Result @param {() => Promise<Result>} work */
async function timed(work) {
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const result = await work();
  const used = process.cpuUsage(cpu);
  return { result, seconds: (performance.now() - startedMs) / 1000, cpuSeconds: (used.user + used.system) / 1e6 };
}

const dataDirectory = mkdtempSync(join(tmpdir(), 'costel-bench-reprice-'));
const database = await openEmbeddedDatabase({ dataDirectory });
try {
  await migrate(database);
  for (const table of ['llm_calls', 'llm_cost_15m']) await database.command(`ALTER TABLE ${table} REMOVE TTL`);
  const keys = MODELS.map((model) => ({
    key: { provider: 'own', model, serviceTier: '', region: '' },
    rates: resolverAt(1000n)(),
  }));
  await writeRates(database, keys);
  say(`writing ${calls} calls of ${days} days …`);
  for (let day = 0; day < days; day += 1) {
    await database.command(INSERT_DAY, { start: firstMs + day * DAY_MS, calls: Math.floor(calls / days) });
  }
  say('building the rollups …');
  await buildRollups(database, { nowMs });
  const before = (await queryCosts(database, range)).total;
  say('previewing …');
  const preview = await timed(() => previewReprice(database, { ...range, resolver: resolverAt(2000n) }));
  say('pricing again, with a reader in a loop …');
  const seen = new Set([before.costUsd]);
  const reading = { isOn: true, reads: 0 };
  const reader = (async () => {
    while (reading.isOn) {
      seen.add((await queryCosts(database, range)).total.costUsd);
      reading.reads += 1;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  const applied = await timed(() => reprice(database, { ...range, resolver: resolverAt(2000n), clock: () => nowMs }));
  reading.isOn = false;
  await reader;
  const after = (await queryCosts(database, range)).total;
  seen.add(after.costUsd);
  const report = {
    calls: before.calls,
    changed_calls: applied.result.changedCalls,
    before_usd: before.costUsd,
    after_usd: after.costUsd,
    preview_seconds: preview.seconds,
    preview_cpu_seconds: preview.cpuSeconds,
    apply_seconds: applied.seconds,
    apply_cpu_seconds: applied.cpuSeconds,
    reads_meanwhile: reading.reads,
    totals_seen: [...seen],
    cores: availableParallelism(),
    load_average: loadavg()[0],
    node: process.version,
  };
  if (values.json) console.log(JSON.stringify(report));
  else console.table(Object.entries(report).map(([name, value]) => ({ name, value: String(value) })));
  if (seen.size !== 2) {
    console.error(`readers saw ${seen.size} totals instead of two`);
    process.exitCode = 1;
  }
} finally {
  await database.close();
  rmSync(dataDirectory, { recursive: true, force: true });
}
