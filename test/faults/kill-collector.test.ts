import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startCollector, type RunningCollector } from '../collector/support/collector.js';
import { Books } from './support/books.js';
import { CostelProcess } from './support/costel-process.js';
import { printFigure, quantile } from './support/figures.js';
import { Random } from './support/random.js';
import { delay, Sender } from './support/sender.js';
import { settings } from './support/settings.js';
import { expectTotals } from './support/totals.js';

const KILLS = Math.max(1, Math.round(settings.kills / 3));

describe('the collector, killed with SIGKILL at random moments under load', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  it(`delivers all that it acknowledged, once, over ${KILLS} kills`, async () => {
    const random = new Random(settings.seed, 'kill-collector');
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-collector-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const stack = await CostelProcess.prepare(join(directory, 'data'));
    undo.push(() => stack.kill());
    await stack.start();
    const target = {
      clickhouseUrl: stack.clickhouseUrl,
      password: stack.token,
      queueDirectory: join(directory, 'queue'),
    };
    let collector: RunningCollector = await startCollector(target);
    undo.push(() => collector.kill());
    const books = new Books();
    const senders = Array.from({ length: 4 }, (_, index) => {
      const stream = new Random(settings.seed, `collector-sender-${index}`);
      return new Sender({ url: () => collector.httpUrl, books, random: stream, pauseMs: 5 });
    });
    for (const sender of senders) sender.start();

    const restartSeconds: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      await delay(Math.round(10 ** (1.5 + random.next() * 2)));
      await collector.kill();
      const startedAt = performance.now();
      collector = await startCollector(target);
      restartSeconds.push((performance.now() - startedAt) / 1000);
    }
    await Promise.all(senders.map((sender) => sender.finish()));
    const drainedAt = performance.now();
    await expectTotals(stack, books, 300_000);
    const { repeated } = await countRepeated(stack);
    printFigure('kill -9 of the collector', {
      kills: KILLS,
      'calls acknowledged': books.calls,
      lost: 0,
      double: 0,
      'total USD': books.costUsd,
      'raw rows beyond one a call': repeated,
      'queue empty after s': ((performance.now() - drainedAt) / 1000).toFixed(1),
      'restart p50 s': quantile(restartSeconds, 0.5).toFixed(2),
    });
    expect(books.calls).toBeGreaterThan(0);
  });
});

/** Rows of the raw table that repeat a span: resends, and batches that the collector wrote twice. */
async function countRepeated(stack: CostelProcess): Promise<{ repeated: number }> {
  const [row] = await stack.query<{ repeated: string }>(
    'SELECT count() - uniqExact(SpanId) AS repeated FROM otel_traces',
  );
  return { repeated: Number(row?.repeated) };
}
