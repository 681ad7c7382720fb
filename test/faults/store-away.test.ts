import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startCollector, type RunningCollector } from '../collector/support/collector.js';
import { waitFor } from '../support/stack.js';
import { Books } from './support/books.js';
import { sumIfAnswered } from './support/collector-metrics.js';
import { CostelProcess } from './support/costel-process.js';
import { printFigure } from './support/figures.js';
import { Random } from './support/random.js';
import { delay, Sender } from './support/sender.js';
import { settings } from './support/settings.js';
import { expectTotals } from './support/totals.js';

/** What an idle queue may take: a start of the stack's repeated work, and its slowest answer. */
const MIN_DRAIN_MS = 180_000;
/** Below this something is wrong with the drain, on however busy a machine: a quarter of what a busy one did. */
const SLOWEST_DRAIN_CALLS_PER_MS = 0.4;

describe('ClickHouse, away under load', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  it.each(settings.awayMinutes)(
    'for %d minutes, the collector killed once meanwhile: its queue takes all and drains, and totals are exact',
    async (minutes) => {
      const directory = mkdtempSync(join(tmpdir(), 'costel-faults-away-'));
      undo.push(() => rmSync(directory, { recursive: true, force: true }));
      const stack = await CostelProcess.prepare(join(directory, 'data'));
      undo.push(() => stack.kill());
      await stack.start();
      const queueDirectory = join(directory, 'queue');
      const target = { clickhouseUrl: stack.clickhouseUrl, password: stack.token, queueDirectory };
      let collector: RunningCollector = await startCollector(target);
      undo.push(() => collector.kill());
      const books = new Books();
      const senders = Array.from({ length: 2 }, (_, index) => {
        const stream = new Random(settings.seed, `away-${minutes}-${index}`);
        return new Sender({ url: () => collector.httpUrl, books, random: stream, pauseMs: settings.awayPauseMs });
      });
      for (const sender of senders) sender.start();

      await delay(2000);
      await stack.kill();
      const before = books.calls;
      const awayMs = minutes * 60_000;
      await delay(awayMs / 2);
      await collector.kill();
      collector = await startCollector(target);
      await delay(awayMs / 2);
      const acknowledgedAway = books.calls - before;
      const queueBytes = sizeOf(queueDirectory);
      await stack.start();
      await Promise.all(senders.map((sender) => sender.finish()));
      const backAt = performance.now();
      await waitFor(
        async () => (await sumIfAnswered(collector.metricsUrl, 'otelcol_exporter_queue_size')) === 0,
        'the queue to be empty',
        MIN_DRAIN_MS + acknowledgedAway / SLOWEST_DRAIN_CALLS_PER_MS,
      );
      const drainSeconds = (performance.now() - backAt) / 1000;
      await expectTotals(stack, books, MIN_DRAIN_MS);
      // It took calls at full rate all the while: an outage pushes back on nobody until the queue is full.
      expect(acknowledgedAway).toBeGreaterThan(awayMs / 50);
      printFigure(`ClickHouse away for ${minutes} min`, {
        'calls acknowledged meanwhile': acknowledgedAway,
        'calls a second': Math.round(acknowledgedAway / (awayMs / 1000)),
        'queue on disk MiB': (queueBytes / 2 ** 20).toFixed(1),
        'bytes a queued call': Math.round(queueBytes / acknowledgedAway),
        'queue empty after s': drainSeconds.toFixed(1),
        'calls a second meanwhile': Math.round(acknowledgedAway / drainSeconds),
        'total exact after s': ((performance.now() - backAt) / 1000).toFixed(1),
        lost: 0,
        double: 0,
        'total USD': books.costUsd,
      });
    },
  );
});

function sizeOf(directory: string): number {
  return readdirSync(directory).reduce((total, name) => total + statSync(join(directory, name)).size, 0);
}
