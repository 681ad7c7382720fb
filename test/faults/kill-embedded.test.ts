import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { driftGauges, openEmbeddedDatabase } from '@costel/store';
import { Books, compareWithBooks } from './support/books.js';
import { CostelProcess } from './support/costel-process.js';
import { printFigure, quantile } from './support/figures.js';
import { Random } from './support/random.js';
import { delay, Sender } from './support/sender.js';
import { settings } from './support/settings.js';
import { expectTotals } from './support/totals.js';

const SENDERS = 6;
const DAY_MS = 86_400_000;

describe('the embedded stack, killed with SIGKILL at random moments under load', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  it(`loses nothing that it acknowledged and counts nothing twice over ${settings.kills} kills`, async () => {
    const random = new Random(settings.seed, 'kill-embedded');
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-kill-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const stack = await CostelProcess.prepare(join(directory, 'data'));
    undo.push(() => stack.kill());
    const books = new Books();
    const senders = Array.from({ length: SENDERS }, (_, index) => {
      const stream = new Random(settings.seed, `sender-${index}`);
      return new Sender({ url: () => stack.otlpUrl, books, random: stream });
    });
    await stack.start();
    for (const sender of senders) sender.start();

    const restartSeconds: number[] = [];
    let killsWhileStarting = 0;
    for (let kill = 0; kill < settings.kills; kill += 1) {
      await delay(momentMs(random));
      await stack.kill();
      const acknowledged = new Set(books.spanIds);
      if (random.chance(0.15)) {
        stack.spawn();
        await delay(random.between(0, 900));
        await stack.kill();
        killsWhileStarting += 1;
      }
      const startedAt = performance.now();
      await stack.start();
      restartSeconds.push((performance.now() - startedAt) / 1000);
      const { lost, double } = await compareWithBooks(stack, books);
      // Calls that are acknowledged while the ledger is read may be missing from the answer; older ones must not.
      expect({ kill, lost: lost.filter((id) => acknowledged.has(id)), double }).toEqual({ kill, lost: [], double: [] });
    }
    await Promise.all(senders.map((sender) => sender.finish()));
    await expectTotals(stack, books);
    await stack.stop();

    const drift = await measureDrift(stack.dataDirectory);
    expect(drift).toMatchObject({ rawToLedgerCalls: 0, ledgerToRollupCalls: 0, ledgerToRollupUsd: '0' });
    const repaired = [...stack.output.matchAll(/derived again calls=(\d+)/g)];
    printFigure('kill -9 of the embedded stack', {
      kills: settings.kills + killsWhileStarting,
      'of them while starting': killsWhileStarting,
      'calls acknowledged': books.calls,
      lost: 0,
      double: 0,
      'total USD': books.costUsd,
      'requests repeated after an acknowledgement': sum(senders.map(({ counts }) => counts.repeats)),
      'requests without an answer': sum(senders.map(({ counts }) => counts.failures.get(0) ?? 0)),
      'kills after which ledger rows were derived again': repaired.length,
      'restart to receiving p50 s': quantile(restartSeconds, 0.5).toFixed(2),
      'p95 s': quantile(restartSeconds, 0.95).toFixed(2),
    });
  });
});

/** Moments close together and far apart alike: within the first insert, within the first build, in the steady state. */
function momentMs(random: Random): number {
  return Math.round(10 ** (2 + random.next() * 1.6));
}

async function measureDrift(dataDirectory: string): Promise<object> {
  const db = await openEmbeddedDatabase({ dataDirectory });
  try {
    return await driftGauges(db, { nowMs: Date.now(), windowMs: 7 * DAY_MS });
  } finally {
    await db.close();
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
