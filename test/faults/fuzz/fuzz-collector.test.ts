import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startCollector } from '../../collector/support/collector.js';
import { sumIfAnswered } from '../support/collector-metrics.js';
import { waitFor } from '../../support/stack.js';
import { CostelProcess } from '../support/costel-process.js';
import { printFigure, quantile } from '../support/figures.js';
import { Random } from '../support/random.js';
import { settings } from '../support/settings.js';
import { ANSWER_LIMIT_MS, attack } from './attack.js';
import { compareNeighbours } from './neighbours.js';

/** A quarter of what the embedded receiver gets: the collector's decoder is upstream's, what comes behind it is ours. */
const BODIES = Math.max(200, Math.round(settings.bodies / 4));

/** `memory_limiter.limit_mib` of the shipped configuration, and what Go may hold beyond it until it collects. */
const MEMORY_LIMIT_BYTES = 2 * 2 ** 30;

describe('the collector and the ClickHouse interface under hostile bodies', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  it(`answer each of ${BODIES}, and deliver every neighbour: nothing that was let in holds up the queue`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-fuzz-collector-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const stack = await CostelProcess.prepare(join(directory, 'data'));
    undo.push(() => stack.kill());
    await stack.start();
    const queueDirectory = join(directory, 'queue');
    const target = { clickhouseUrl: stack.clickhouseUrl, password: stack.token, queueDirectory };
    const collector = await startCollector(target);
    undo.push(() => collector.kill());
    let peakBytes = 0;
    let answers = 0;
    const watch = async (): Promise<void> => {
      const bytes = await sumIfAnswered(collector.metricsUrl, 'otelcol_process_memory_rss');
      if (bytes > peakBytes) peakBytes = bytes;
    };
    const result = await attack({
      url: collector.httpUrl,
      random: new Random(settings.seed, 'fuzz-collector'),
      requests: BODIES,
      concurrency: 16,
      mayGarbleReason: true,
      losesAfterEmptyKey: true,
      onAnswer: async () => {
        answers += 1;
        if (answers % 50 === 0) await watch();
      },
    });
    expect(result.offences).toEqual([]);
    expect(Math.max(...result.latenciesMs)).toBeLessThan(ANSWER_LIMIT_MS);
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThan(MEMORY_LIMIT_BYTES);

    const queued = () => sumIfAnswered(collector.metricsUrl, 'otelcol_exporter_queue_size');
    // A bomb that was let in is hundreds of thousands of rows, and neighbours wait behind them.
    await waitFor(async () => (await queued()) === 0, `the queue to drain; ${lastErrors(collector.log())}`, 300_000);
    const differences = await compareNeighbours(stack, result.neighbours);
    expect(differences).toEqual({ missing: [], wrong: [] });
    expect({ isRunning: stack.isRunning, panics: /\bpanic\b/.test(collector.log()) }).toEqual({
      isRunning: true,
      panics: false,
    });
    const refusals = [...result.statuses].filter(([status]) => status !== 200);
    printFigure('hostile bodies to the collector', {
      bodies: result.requests,
      acknowledged: result.statuses.get(200) ?? 0,
      refused: refusals.map(([status, count]) => `${status}:${count}`).join(' '),
      neighbours: result.neighbours.length,
      'neighbours lost': 0,
      'queue at the end': await queued(),
      'answer p99 ms': quantile(result.latenciesMs, 0.99).toFixed(0),
      'peak memory of the collector MiB': Math.round(peakBytes / 2 ** 20),
    });
  });
});

function lastErrors(log: string): string {
  const lines = log.split('\n').filter((line) => /error|retry/i.test(line));
  return lines.slice(-2).join('\n').slice(0, 1500);
}
