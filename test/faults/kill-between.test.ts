import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { driftGauges, migrate, openEmbeddedDatabase, type EmbeddedDatabase } from '@costel/store';
import { waitFor } from '../support/stack.js';
import { Books } from './support/books.js';
import { encodeCalls, makeCall, type Call } from './support/calls.js';
import { costelCli, CostelProcess } from './support/costel-process.js';
import { printFigure } from './support/figures.js';
import { Random } from './support/random.js';
import { settings } from './support/settings.js';
import { expectTotals } from './support/totals.js';

const DAY_MS = 86_400_000;
/** Late spans, so that a repair that looks at recent starts only would not find them. */
const HOURS_BACK = 70;

/**
 * Holds every insert still after its raw rows are committed and before the ledger has them: a view of the raw table whose
 * name sorts before the ledger's view, and which sleeps for fifteen seconds a block, in the longest sleeps that there are.
 */
const HOLD = `CREATE MATERIALIZED VIEW a_hold ENGINE = Null AS
SELECT TraceId FROM otel_traces WHERE sleep(3) + sleep(2.99) + sleep(2.98) + sleep(2.97) + sleep(2.96) = 1`;

describe('the embedded stack, killed after raw rows were committed and before the ledger had them', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  const random = new Random(settings.seed, 'kill-between');
  const makeCalls = (count: number): Call[] =>
    Array.from({ length: count }, () => makeCall(random, Date.now(), { hoursBack: HOURS_BACK }));

  /** Kills the stack in the gap, with `before` acknowledged and `lost` in the raw table alone. */
  async function killInGap(before: readonly Call[], lost: readonly Call[]): Promise<CostelProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-gap-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const stack = await CostelProcess.prepare(join(directory, 'data'));
    undo.push(() => stack.kill());
    await stack.start();
    expect(await post(stack, before)).toBe(200);
    await stack.stop();
    await withData(stack, async (db) => {
      await migrate(db);
      await db.command(HOLD);
    });

    await stack.start();
    const answer = post(stack, lost);
    await waitFor(async () => {
      const { raw, ledger } = await countRows(stack);
      expect(ledger).toBe(before.length);
      return raw === before.length + lost.length;
    }, 'the raw rows to be committed');
    await stack.kill();
    expect(await answer).toBe(0);
    await withData(stack, (db) => db.command('DROP VIEW a_hold'));
    return stack;
  }

  it('shows in the drift gauge, and `costel repair` closes it to the pico-dollar though the sender gave up', async () => {
    const [before, lost] = [makeCalls(50), makeCalls(120)];
    const stack = await killInGap(before, lost);
    const drift = () => withData(stack, (db) => driftGauges(db, { nowMs: nextQuarterMs(), windowMs: 5 * DAY_MS }));
    expect(await drift()).toMatchObject({ rawToLedgerCalls: lost.length });

    const from = new Date(Date.now() - 5 * DAY_MS).toISOString();
    const repair = async (): Promise<unknown> =>
      JSON.parse(
        (
          await promisify(execFile)(process.execPath, [
            costelCli,
            'repair',
            '--from',
            from,
            '--data',
            stack.dataDirectory,
          ])
        ).stdout,
      );
    const repaired = await repair();
    expect(repaired).toMatchObject({ calls: lost.length });
    expect(await repair()).toEqual({ calls: 0, edges: 0 });
    expect(await drift()).toMatchObject({ rawToLedgerCalls: 0, ledgerToRollupCalls: 0, ledgerToRollupUsd: '0' });

    await stack.start();
    await expectBooks(stack, [...before, ...lost]);
    printFigure('kill between raw and ledger, sender gives up', {
      'calls in raw alone': lost.length,
      'drift gauge': lost.length,
      'derived by costel repair': (repaired as { calls: number }).calls,
      'drift after': 0,
    });
  });

  it('is closed by the next start alone, and once more when the sender repeats itself', async () => {
    const [before, lost] = [makeCalls(30), makeCalls(80)];
    const stack = await killInGap(before, lost);
    await stack.start();
    await waitFor(() => stack.output.includes('have been derived again'), 'the start to derive the ledger again');
    await expectBooks(stack, [...before, ...lost]);
    expect(await post(stack, lost)).toBe(200);
    await expectBooks(stack, [...before, ...lost]);
    await stack.stop();
    const drift = await withData(stack, (db) => driftGauges(db, { nowMs: nextQuarterMs(), windowMs: 5 * DAY_MS }));
    expect(drift).toMatchObject({ rawToLedgerCalls: 0, ledgerToRollupCalls: 0, ledgerToRollupUsd: '0' });
    printFigure('kill between raw and ledger, next start', { 'calls in raw alone': lost.length, 'drift after': 0 });
  });

  it('is closed by the next start although the sender had its answer first', async () => {
    const [before, lost] = [makeCalls(10), makeCalls(40)];
    const stack = await killInGap(before, lost);
    // The stack comes back, takes the repetition, and is killed before its repair can have ended.
    stack.spawn();
    await stack.untilReceiving();
    const answer = post(stack, lost);
    await answer;
    await stack.kill();
    await stack.start();
    await stack.untilReady();
    await stack.stop();
    const drift = await withData(stack, (db) => driftGauges(db, { nowMs: nextQuarterMs(), windowMs: 5 * DAY_MS }));
    expect(drift).toMatchObject({ rawToLedgerCalls: 0, ledgerToRollupCalls: 0, ledgerToRollupUsd: '0' });
    await stack.start();
    await expectBooks(stack, [...before, ...lost]);
  });
});

/** The end of the quarter hour that is running: the gauge compares full ones. */
const nextQuarterMs = (): number => Math.ceil(Date.now() / 900_000) * 900_000;

/** Opens the directory of a stack that does not run. */
async function withData<Result>(
  { dataDirectory }: CostelProcess,
  work: (db: EmbeddedDatabase) => Promise<Result>,
): Promise<Result> {
  const db = await openEmbeddedDatabase({ dataDirectory });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** The status of the answer, 0 where there is none. */
async function post(stack: CostelProcess, calls: readonly Call[]): Promise<number> {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(encodeCalls(calls, 'protobuf')),
  };
  return fetch(`${stack.otlpUrl}/v1/traces`, request).then(
    (response) => response.status,
    () => 0,
  );
}

async function countRows(stack: CostelProcess): Promise<{ raw: number; ledger: number }> {
  const [row] = await stack.query<{ raw: string; ledger: string }>(
    'SELECT (SELECT count() FROM otel_traces) AS raw, (SELECT count() FROM llm_calls FINAL) AS ledger',
  );
  return { raw: Number(row?.raw), ledger: Number(row?.ledger) };
}

async function expectBooks(stack: CostelProcess, calls: readonly Call[]): Promise<void> {
  const books = new Books();
  books.noteAcknowledged(calls);
  await expectTotals(stack, books);
}
