import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startCollector, type RunningCollector } from '../collector/support/collector.js';
import { Books } from './support/books.js';
import { CostelProcess } from './support/costel-process.js';
import { printFigure } from './support/figures.js';
import { Random } from './support/random.js';
import { delay, Sender } from './support/sender.js';
import { settings } from './support/settings.js';
import { expectTotals } from './support/totals.js';

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
      await expectTotals(stack, books, Math.max(120_000, awayMs / 2));
      // It took calls at full rate all the while: an outage pushes back on nobody until the queue is full.
      expect(acknowledgedAway).toBeGreaterThan(awayMs / 50);
      printFigure(`ClickHouse away for ${minutes} min`, {
        'calls acknowledged meanwhile': acknowledgedAway,
        'calls a second': Math.round(acknowledgedAway / (awayMs / 1000)),
        'queue on disk MiB': (queueBytes / 2 ** 20).toFixed(1),
        'bytes a queued call': Math.round(queueBytes / acknowledgedAway),
        'drained after s': ((performance.now() - backAt) / 1000).toFixed(1),
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
