// `npm run bench:scale`: how the product answers over a ledger of a hundred million calls while a thousand a second come in.
import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generateCalls } from './generate.mjs';
import { measureQueries, measureRebuilds, measureSizes } from './measure.mjs';

const HELP = `Usage: npm run bench:scale -- [options]

Fills a data directory with calls (inside the engine; once, later runs go on where it ends), builds the rollups, and measures
sizes, the cost of a rebuild, and the product's own queries while calls come in through its receiver. 100 000 000 calls need
12 GB of disk, and a quarter of an hour on two idle cores the first time.

  --calls N[,N…]   calls of the ledger, one directory each (default 100000000)
  --days N         how many days they are spread over (default 92)
  --data DIR       where the directories are (default ${join(tmpdir(), 'costel-scale')})
  --rate N         calls a second that come in meanwhile (default 1000; 0 for none)
  --runs N         warm runs of each query (default 60)
  --settle N       seconds of calls before the first query (default 60)
  --only WHAT      generate, rebuild or queries (default: all three)
  --json           the figures as JSON on stdout; the tables go to stderr then
  --help`;

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000000' },
    days: { type: 'string', default: '92' },
    data: { type: 'string', default: join(tmpdir(), 'costel-scale') },
    rate: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '60' },
    settle: { type: 'string', default: '60' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const report = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
const out = (text) => (values.json ? process.stderr : process.stdout).write(`${text}\n`);
const isWanted = (part) => values.only === undefined || values.only === part;
const number = (value, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits });

/** Bytes that a hundred calls take on disk with everything, and half of it to spare for merges. */
const BYTES_PER_CALL = 180;

function checkDisk(directory, calls) {
  mkdirSync(directory, { recursive: true });
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < calls * BYTES_PER_CALL) {
    throw new Error(
      `${directory} has ${number((bavail * bsize) / 1e9)} GB free; ${number(calls)} calls need ${number((calls * BYTES_PER_CALL) / 1e9)} GB`,
    );
  }
}

/** Generates, builds and measures what needs the engine in this process; it is closed afterwards. */
async function fill(directory, calls) {
  const { applyRetention, buildRollups, migrate, openEmbeddedDatabase } = await import('@costel/store');
  const db = await openEmbeddedDatabase({ dataDirectory: directory });
  try {
    const { applied } = await migrate(db);
    // As the service sets it at its start; a change of it rewrites what is there.
    if (applied.some((name) => name.endsWith('_llm_calls'))) await applyRetention(db, {});
    const startedMs = performance.now();
    const { existing, written } = await generateCalls(db, {
      calls,
      days: Number(values.days),
      users: 1e6,
      untilMs: Date.now(),
      report,
    });
    const generatedMs = performance.now();
    report(`building rollups over ${number(existing + written)} calls`);
    await buildRollups(db, { nowMs: Date.now() });
    const builtMs = performance.now();
    const rebuilds = isWanted('rebuild') ? await measureRebuilds(db, buildRollups, report) : [];
    return {
      written,
      generateSeconds: (generatedMs - startedMs) / 1000,
      buildSeconds: (builtMs - generatedMs) / 1000,
      rebuilds,
    };
  } finally {
    await db.close();
  }
}

async function sizesOf(directory) {
  const { openEmbeddedDatabase } = await import('@costel/store');
  const db = await openEmbeddedDatabase({ dataDirectory: directory });
  try {
    return await measureSizes(db);
  } finally {
    await db.close();
  }
}

function print({ calls, filled, queries, ingest, sizes }) {
  out(`\n${number(sizes.calls)} calls (asked for ${number(calls)})`);
  out(
    `written now: ${number(filled.written)} in ${number(filled.generateSeconds)} s; rollups built in ${number(filled.buildSeconds)} s`,
  );
  out(
    `bytes per call on disk: ledger ${number(sizes.ledgerBytesPerCall, 1)}, rollups ${number(sizes.rollupBytesPerCall, 1)}; raw ${sizes.rawBytesPerSpan === null ? 'none' : number(sizes.rawBytesPerSpan, 1)} per span`,
  );
  for (const { name, p50Ms, maxMs, cpuP50Ms } of filled.rebuilds) {
    out(
      `rebuild of ${name.padEnd(16)} p50 ${number(p50Ms)} ms, slowest ${number(maxMs)} ms, CPU ${number(cpuP50Ms)} ms`,
    );
  }
  if (queries === undefined) return;
  out(
    `\n${number(ingest.acknowledgedPerSecond)} calls/s stored meanwhile (${ingest.refused} refused), ${ingest.cores.toFixed(2)} cores and ${number(ingest.residentMb)} MB of the stack`,
  );
  out(
    `${'query'.padEnd(44)} ${'rows'.padStart(6)} ${'p50'.padStart(7)} ${'p95'.padStart(7)} ${'max'.padStart(7)}   target p95`,
  );
  for (const query of queries) {
    const target = query.targetMs === undefined ? '–' : `${query.targetMs} ms ${query.isMet ? 'met' : 'NOT MET'}`;
    out(
      `${query.name.padEnd(44)} ${String(query.rows).padStart(6)} ${query.p50Ms.toFixed(1).padStart(7)} ${query.p95Ms.toFixed(1).padStart(7)} ${query.maxMs.toFixed(1).padStart(7)}   ${target}`,
    );
  }
}

async function main() {
  const results = [];
  out(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadavg()[0].toFixed(2)} before`);
  for (const calls of values.calls.split(',').map(Number)) {
    const directory = join(values.data, String(calls));
    checkDisk(directory, calls);
    const filled = await fill(directory, calls);
    const measured = isWanted('queries')
      ? await measureQueries(directory, {
          rate: Number(values.rate),
          runs: Number(values.runs),
          warmUps: 5,
          settleSeconds: Number(values.settle),
          report,
        })
      : {};
    const result = { calls, filled, ...measured, sizes: await sizesOf(directory) };
    results.push(result);
    print(result);
  }
  if (values.json)
    process.stdout.write(`${JSON.stringify({ cores: cpus().length, node: process.version, results })}\n`);
}

if (values.help) process.stdout.write(`${HELP}\n`);
else if (process.env['UV_THREADPOOL_SIZE'] === undefined) {
  // libuv reads the size of its pool once, before the first line of a program.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '12' };
  const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env,
  });
  process.exitCode = status ?? 1;
} else await main();
