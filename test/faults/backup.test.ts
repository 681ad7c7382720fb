import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { driftGauges, openEmbeddedDatabase } from '@costel/store';
import { waitFor } from '../support/stack.js';
import { Books, compareWithBooks } from './support/books.js';
import { encodeCalls, makeCall, type Call } from './support/calls.js';
import { costelCli, CostelProcess } from './support/costel-process.js';
import { printFigure } from './support/figures.js';
import { Random } from './support/random.js';
import { Sender } from './support/sender.js';
import { settings } from './support/settings.js';
import { expectTotals } from './support/totals.js';

const DAY_MS = 86_400_000;

describe('a backup', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  function temporaryDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-backup-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  }

  async function startedStack(dataDirectory: string): Promise<CostelProcess> {
    const stack = await CostelProcess.prepare(dataDirectory);
    undo.push(() => stack.kill());
    await stack.start();
    return stack;
  }

  it('made under load has all that was acknowledged before it, once, and its stack goes on from there', async () => {
    const directory = temporaryDirectory();
    const stack = await startedStack(join(directory, 'data'));
    const books = new Books();
    const senders = Array.from({ length: 4 }, (_, index) => {
      const stream = new Random(settings.seed, `backup-${index}`);
      return new Sender({ url: () => stack.otlpUrl, books, random: stream });
    });
    for (const sender of senders) sender.start();
    await waitFor(() => books.calls > 800, 'the first calls to be acknowledged');
    await stack.untilReady();

    const acknowledged = books.spanIds;
    const target = join(directory, 'copy');
    const startedAt = performance.now();
    const made = await backUp(stack.dataDirectory, target);
    const seconds = (performance.now() - startedAt) / 1000;
    await Promise.all(senders.map((sender) => sender.finish()));
    await expectTotals(stack, books);
    await stack.stop();

    const restored = await startedStack(target);
    await restored.untilReady();
    const { lost, unknown, double } = await compareWithBooks(restored, books);
    const before = new Set(acknowledged);
    expect({ lost: lost.filter((id) => before.has(id)), unknown, double }).toEqual({
      lost: [],
      unknown: [],
      double: [],
    });
    // The senders repeat everything, also what the backup has: the totals meet.
    const late = new Sender({ url: () => restored.otlpUrl, books, random: new Random(settings.seed, 'backup-late') });
    await resend(restored, senders);
    late.start();
    await late.finish();
    await expectTotals(restored, books);
    await restored.stop();
    expect(await measureDrift(target)).toMatchObject({
      rawToLedgerCalls: 0,
      ledgerToRollupCalls: 0,
      ledgerToRollupUsd: '0',
    });
    printFigure('backup under load and restore', {
      'calls acknowledged before': acknowledged.length,
      'lost of them': 0,
      double: 0,
      tables: made.tables,
      bytes: made.bytes,
      seconds: seconds.toFixed(2),
      'total USD after all was sent again': books.costUsd,
    });
  });

  it('of a stopped stack gives the same totals, and rows that come after are seen by the next build', async () => {
    const directory = temporaryDirectory();
    const stack = await startedStack(join(directory, 'data'));
    const random = new Random(settings.seed, 'backup-stopped');
    const calls = Array.from({ length: 300 }, () => makeCall(random, Date.now()));
    for (let from = 0; from < calls.length; from += 60) await post(stack, calls.slice(from, from + 60));
    const books = new Books();
    books.noteAcknowledged(calls);
    await expectTotals(stack, books);
    await stack.stop();
    const target = join(directory, 'copy');
    await backUp(stack.dataDirectory, target);
    expect(await blocksOf(target)).toEqual(await blocksOf(stack.dataDirectory));

    const restored = await startedStack(target);
    await expectTotals(restored, books);
    const more = Array.from({ length: 50 }, () => makeCall(random, Date.now()));
    await post(restored, more);
    books.noteAcknowledged(more);
    await expectTotals(restored, books);
    await restored.stop();
    expect(await measureDrift(target)).toMatchObject({ rawToLedgerCalls: 0, ledgerToRollupCalls: 0 });
    printFigure('backup of a stopped stack', { calls: calls.length, 'calls after': more.length, lost: 0, double: 0 });
  });

  it('is refused where there is something already', async () => {
    const directory = temporaryDirectory();
    await expect(backUp(join(directory, 'data'), directory)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is there already') as unknown,
    });
  });
});

async function backUp(dataDirectory: string, to: string): Promise<{ tables: number; bytes: number }> {
  const args = [costelCli, 'backup', '--to', to, '--data', dataDirectory];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as { tables: number; bytes: number };
}

async function resend(stack: CostelProcess, senders: readonly Sender[]): Promise<void> {
  for (const sender of senders) {
    const calls = sender.delivered;
    for (let from = 0; from < calls.length; from += 1000) await post(stack, calls.slice(from, from + 1000));
  }
}

/** Sends calls and fails unless they are acknowledged. */
async function post(stack: CostelProcess, calls: readonly Call[]): Promise<void> {
  const response = await fetch(`${stack.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(encodeCalls(calls, 'protobuf')),
  });
  expect(response.status).toBe(200);
}

/** By partition of the ledger, the newest persisted block: what builds and counting go by. */
async function blocksOf(dataDirectory: string): Promise<readonly object[]> {
  const db = await openEmbeddedDatabase({ dataDirectory });
  try {
    return await db.query(
      `SELECT _partition_id AS id, max(_block_number) AS block FROM llm_calls GROUP BY id ORDER BY id`,
    );
  } finally {
    await db.close();
  }
}

async function measureDrift(dataDirectory: string): Promise<object> {
  const db = await openEmbeddedDatabase({ dataDirectory });
  try {
    return await driftGauges(db, { nowMs: Date.now(), windowMs: 7 * DAY_MS });
  } finally {
    await db.close();
  }
}
