// What is measured over a filled data directory: sizes, the cost of a rebuild, queries while calls come in.
import { delay, startCostel, startSender } from './stack.mjs';
import { queriesAt } from './queries.mjs';

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;

/** @param {readonly number[]} sorted @param {number} share */
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];

/** Median, p95 and maximum of some durations in ms, to a tenth. @param {readonly number[]} durations */
export function summary(durations) {
  const sorted = durations.toSorted((left, right) => left - right);
  const round = (value) => Math.round(value * 10) / 10;
  return {
    runs: sorted.length,
    p50Ms: round(at(sorted, 0.5)),
    p95Ms: round(at(sorted, 0.95)),
    maxMs: round(at(sorted, 1)),
  };
}

/** Rows and bytes on disk by table, and what that is per call of the ledger. */
export async function measureSizes(db) {
  const rows = await db.query(
    `SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts
WHERE database = currentDatabase() AND active GROUP BY table HAVING rows > 0 ORDER BY bytes DESC`,
  );
  const tables = rows.map((row) => ({
    table: row.table,
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    parts: Number(row.parts),
  }));
  const bytesOf = (matches) => tables.filter(({ table }) => matches(table)).reduce((sum, { bytes }) => sum + bytes, 0);
  const calls = tables.find(({ table }) => table === 'llm_calls')?.rows ?? 0;
  const spans = tables.find(({ table }) => table === 'otel_traces');
  return {
    calls,
    rawBytesPerSpan: spans === undefined ? null : spans.bytes / spans.rows,
    ledgerBytesPerCall: bytesOf((table) => table === 'llm_calls') / calls,
    rollupBytesPerCall: bytesOf((table) => table.startsWith('llm_cost_')) / calls,
    tables,
  };
}

/**
 * How long it takes to build again what late calls changed: a quarter hour and an hour of the day before yesterday, seven
 * times each, from the look at the ledger to the publication. The calls are copies of others of that hour under new ids. A run
 * counts only where exactly these quarter hours were built: where the open hours have very many calls (of a run with ingest
 * less than an hour ago) a build holds those, too.
 */
export async function measureRebuilds(db, buildRollups, report) {
  const day = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS;
  const rebuilds = [];
  for (const { name, quarters } of [
    { name: 'a quarter hour', quarters: 1 },
    { name: 'an hour', quarters: 4 },
  ]) {
    const durations = [];
    const cpu = [];
    for (let run = 0; run < 7; run += 1) {
      const from = day + (8 + run) * 4 * QUARTER_MS;
      const late = `started >= fromUnixTimestamp64Milli({from:Int64}) AND started < fromUnixTimestamp64Milli({until:Int64}) AND cityHash64(trace_id) % 50 = 0`;
      const bounds = { from, until: from + quarters * QUARTER_MS };
      const [found] = await db.query(
        `SELECT uniqExact(toStartOfFifteenMinutes(started)) AS quarters FROM llm_calls WHERE ${late}`,
        bounds,
      );
      // A small ledger may have no such call in one of them.
      if (Number(found.quarters) < quarters) continue;
      await db.command(
        `INSERT INTO llm_calls SELECT * REPLACE (concat('late', substring(trace_id, 5)) AS trace_id, concat({run:String}, substring(span_id, 5)) AS span_id)
FROM llm_calls WHERE ${late}`,
        { run: String(Date.now()).slice(-4), ...bounds },
      );
      let [cpuBefore, startedMs, built] = [process.cpuUsage(), performance.now(), undefined];
      // Where the open hours have very many calls, builds rest in between: only the one that builds is measured.
      while (built?.build === undefined) {
        [cpuBefore, startedMs] = [process.cpuUsage(), performance.now()];
        built = await buildRollups(db, { nowMs: Date.now() });
        if (built.build === undefined) await delay(50);
      }
      const tookMs = performance.now() - startedMs;
      const { user, system } = process.cpuUsage(cpuBefore);
      const isValid = built.quarters === quarters && built.days === 0;
      report(
        `rebuild of ${name}: ${built.quarters} quarter hours, ${built.days} days in ${tookMs.toFixed(0)} ms${isValid ? '' : ', not counted'}`,
      );
      if (!isValid) continue;
      durations.push(tookMs);
      cpu.push((user + system) / 1000);
    }
    if (durations.length === 0)
      throw new Error(`no rebuild of ${name} alone: an hour after the last ingest there is one`);
    rebuilds.push({ name, ...summary(durations), cpuP50Ms: summary(cpu).p50Ms });
  }
  return rebuilds;
}

/** One run of a query, to the last byte of the answer. @returns the milliseconds that it took, and how many rows came */
async function run(costel, query) {
  const startedMs = performance.now();
  const answer = await (query.via === 'api' ? costel.api(query.text()) : costel.sql(query.text()));
  const body = await answer.text();
  const ms = performance.now() - startedMs;
  if (answer.status !== 200) throw new Error(`${query.name}: ${answer.status} ${body.slice(0, 500)}`);
  return { ms, rows: query.rows(JSON.parse(body)) };
}

/**
 * Asks every query `runs` times, in turn, so that each meets the same merges and builds, while `rate` calls a second come
 * in; the first `warmUps` rounds do not count.
 */
export async function measureQueries(dataDirectory, { rate, runs, warmUps, settleSeconds, report }) {
  const costel = await startCostel(dataDirectory);
  const sender = rate > 0 ? startSender(costel.otlpPort, rate) : undefined;
  try {
    report(`${rate} calls a second come in for ${settleSeconds} s before the first query`);
    await delay(settleSeconds * 1000);
    const queries = queriesAt(Date.now);
    const durations = queries.map(() => []);
    const rows = queries.map(() => 0);
    const before = { ...costel.usage(), ms: performance.now(), acknowledged: sender?.state().acknowledged ?? 0 };
    for (let round = 0; round < warmUps + runs; round += 1) {
      for (const [index, query] of queries.entries()) {
        const result = await run(costel, query);
        if (round >= warmUps) durations[index].push(result.ms);
        rows[index] = result.rows;
        if (result.ms > 5000) report(`${query.name} took ${Math.round(result.ms)} ms`);
      }
      if (round % 10 === 9) report(`round ${round + 1} of ${warmUps + runs}`);
    }
    const seconds = (performance.now() - before.ms) / 1000;
    const after = costel.usage();
    const acknowledged = (sender?.state().acknowledged ?? 0) - before.acknowledged;
    return {
      queries: queries.map(({ name, targetMs, via }, index) => ({
        name,
        via,
        rows: rows[index],
        ...summary(durations[index]),
        ...(targetMs === undefined ? {} : { targetMs, isMet: summary(durations[index]).p95Ms <= targetMs }),
      })),
      ingest: {
        seconds,
        acknowledgedPerSecond: acknowledged / seconds,
        refused: sender?.state().refused ?? 0,
        cores: (after.cpuSeconds - before.cpuSeconds) / seconds,
        residentMb: after.residentMb,
      },
    };
  } finally {
    await sender?.stop();
    await costel.stop();
  }
}
