// Measures what docs/sizing.md is computed from, and writes measured.json. Needs the built packages (npm run build) and Go
// (for the collector, unless one is built already).
//   node benchmarks/sizing/measure.mjs [--spans 400000] [--calls 300000]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildRollups, judgeTraces, migrate, openEmbeddedDatabase } from '@costel/store';

const { values } = parseArgs({
  options: { spans: { type: 'string', default: '400000' }, calls: { type: 'string', default: '300000' } },
});
const directory = mkdtempSync(join(tmpdir(), 'costel-sizing-'));

const ownCpuUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Spans through the real collector into the interface: CPU of each side by span, as the receiver's benchmark measures it. */
function measurePath(spans) {
  const benchmark = fileURLToPath(new URL('../receiver.mjs', import.meta.url));
  const printed = execFileSync(process.execPath, [benchmark, '--path', 'collector', '--json', '--spans', spans], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [result] = JSON.parse(printed.trim().split('\n').at(-1) ?? '{}').results;
  return {
    collectorCpuUsPerSpan: result.collectorMicrosecondsPerSpan,
    storeCpuUsPerSpan: result.engineMicrosecondsPerSpan,
  };
}

/** A day of calls as an instrumented product has them, with a parent of each that costs nothing. */
const GENERATE = `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, ScopeName, SpanAttributes, Duration, StatusCode)
SELECT
    toDateTime64('2026-11-10 00:00:00', 9) + INTERVAL (number * 86400 / {calls:UInt64}) SECOND,
    lower(hex(sipHash128(number, 1))), lower(hex(sipHash64(number, 2))), lower(hex(sipHash64(number, 3))),
    'chat gpt-5-mini', 'Client', ['shop', 'search', 'mail'][1 + number % 3],
    map('service.name', ['shop', 'search', 'mail'][1 + number % 3], 'host.name', 'h1', 'deployment.environment.name', 'prod'),
    '@costel/instrumentation',
    map('gen_ai.operation.name', 'chat', 'gen_ai.provider.name', 'openai', 'gen_ai.request.model', model, 'gen_ai.response.model', model,
        'gen_ai.response.id', concat('chatcmpl-', lower(hex(sipHash128(number, 4)))),
        'gen_ai.usage.input_tokens', toString(input), 'gen_ai.usage.output_tokens', toString(output),
        'costel.usage.input', toString(input), 'costel.usage.output', toString(output), 'costel.usage.quality', 'reported',
        'costel.cost.status', 'priced', 'gen_ai.usage.cost.source', 'provider',
        'costel.cost.usd', toString(toDecimal64(input, 9) * toDecimal64('0.00000025', 9) + toDecimal64(output, 9) * toDecimal64('0.000002', 9)),
        'costel.feature', concat('feature-', toString(sipHash64(number, 5) % 40)),
        'costel.customer', concat('customer-', toString(sipHash64(number, 6) % 500)),
        'user.id', concat('user-', toString(sipHash64(number, 7) % 20000)),
        'gen_ai.conversation.id', concat('conversation-', toString(intDiv(number, 6)))),
    400000000 + sipHash64(number, 8) % 3000000000, 'Unset'
FROM (
    SELECT number, ['gpt-5', 'gpt-5-mini', 'gpt-4o', 'o4-mini'][1 + sipHash64(number, 9) % 4] AS model,
        200 + sipHash64(number, 10) % 4000 AS input, 20 + sipHash64(number, 11) % 900 AS output
    FROM numbers({calls:UInt64})
)`;

/** Bytes of merged rows, and the CPU of judging and building, by call. */
async function measureRows(database, calls) {
  await database.command(GENERATE, { calls });
  const nowMs = Date.parse('2026-11-12T00:00:00Z');
  const before = ownCpuUs();
  await judgeTraces(database, { nowMs });
  await buildRollups(database, { nowMs });
  const rollupCpuUsPerCall = (ownCpuUs() - before) / calls;
  const tables = ['otel_traces', 'llm_calls', 'span_edges', 'llm_cost_15m'];
  for (const table of tables) await database.command(`OPTIMIZE TABLE ${table} FINAL`);
  const sizes = await database.query(
    `SELECT table, sum(bytes_on_disk) / sum(rows) AS bytes FROM system.parts
     WHERE database = currentDatabase() AND active AND table IN {tables:Array(String)} GROUP BY table`,
    { tables },
  );
  const bytes = Object.fromEntries(sizes.map((row) => [row.table, Number(row.bytes)]));
  return {
    rollupCpuUsPerCall,
    rawBytesPerSpan: bytes.otel_traces,
    ledgerBytesPerCall: bytes.llm_calls,
    edgeBytesPerSpan: bytes.span_edges,
    rollupBytesPerRow: bytes.llm_cost_15m,
  };
}

const load = loadavg()[0];
const path = measurePath(values.spans);
const database = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data') });
try {
  await migrate(database);
  const rows = await measureRows(database, Number(values.calls));
  const rounded = Object.entries({ ...path, ...rows }).map(([name, value]) => [name, Math.round(value * 10) / 10]);
  const figures = Object.fromEntries(rounded);
  const measured = {
    measuredAt: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} x ${cpus()[0].model}, Node ${process.version}, load average before ${load.toFixed(2)}`,
    command: `node benchmarks/sizing/measure.mjs --spans ${values.spans} --calls ${values.calls}`,
    figures,
  };
  writeFileSync(new URL('measured.json', import.meta.url), `${JSON.stringify(measured, undefined, 2)}\n`);
  console.log(JSON.stringify(measured, undefined, 2));
} finally {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
}
