import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, type TestContext } from 'vitest';
import { collectorDirectory, startCollector } from '../collector/support/collector.js';
import { waitFor } from '../support/stack.js';
import { Books } from './support/books.js';
import { encodeCalls, makeCall, type Call } from './support/calls.js';
import { CostelProcess } from './support/costel-process.js';
import { printFigure } from './support/figures.js';
import { Random } from './support/random.js';
import { delay, Sender } from './support/sender.js';
import { settings } from './support/settings.js';
import { mountSmallDisk, type SmallDisk } from './support/small-disk.js';
import { expectTotals } from './support/totals.js';

const DISK_MEBIBYTES = 256;
const QUEUE_MEBIBYTES = 8;

describe('a full disk', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  /** A file system of its own needs the right to mount one: CI has it; elsewhere the test says that it was left out. */
  function smallDisk(context: TestContext, mebibytes = DISK_MEBIBYTES): SmallDisk {
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-disk-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    try {
      const disk = mountSmallDisk(join(directory, 'disk'), mebibytes);
      undo.push(() => disk.remove());
      return disk;
    } catch (error) {
      if (process.env['CI'] !== undefined) throw error;
      return context.skip(`a file system cannot be mounted here, so no disk could be filled: ${String(error)}`);
    }
  }

  it('of the embedded stack: refuses with 503 and the reason, loses nothing, and goes on by itself once there is room', async (context) => {
    const disk = smallDisk(context);
    const stack = await CostelProcess.prepare(join(disk.path, 'data'));
    undo.push(() => stack.kill());
    await stack.start();
    await stack.untilReady();
    const { pid } = stack;
    const books = new Books();
    const senders = Array.from({ length: 3 }, (_, index) => {
      const stream = new Random(settings.seed, `disk-${index}`);
      return new Sender({ url: () => stack.otlpUrl, books, random: stream, pauseMs: 20 });
    });
    const known = makeCall(new Random(settings.seed, 'probe'), Date.now());
    expect((await post(stack, known)).status).toBe(200);
    books.noteAcknowledged([known]);
    for (const sender of senders) sender.start();
    await waitFor(() => books.calls > 300, 'the first calls to be acknowledged');

    disk.fill();
    const refusals = () => senders.reduce((sum, { counts }) => sum + (counts.failures.get(503) ?? 0), 0);
    await waitFor(() => refusals() > 20, 'refusals for want of room');
    const answer = await post(stack, known);
    expect({ status: answer.status, retryAfter: answer.headers.get('retry-after') }).toEqual({
      status: 503,
      retryAfter: '1',
    });
    expect(await answer.text()).toMatch(/space/i);
    const acknowledgedFull = books.calls;
    await delay(5000);
    expect({ isRunning: stack.isRunning, pid: stack.pid }).toEqual({ isRunning: true, pid });
    expect(stack.output).toMatch(/insert failed.*space/i);
    const refusedReasons = await stack.metric('costel_receiver_refused_requests_total').catch(() => undefined);

    disk.empty();
    const emptiedAt = performance.now();
    const acknowledgedBefore = books.calls;
    await waitFor(() => books.calls > acknowledgedBefore, 'calls to be acknowledged again');
    const recoverySeconds = (performance.now() - emptiedAt) / 1000;
    await Promise.all(senders.map((sender) => sender.finish()));
    await stack.untilReady();
    await expectTotals(stack, books);
    expect(stack.pid).toBe(pid);
    printFigure('disk full under load', {
      'answered 503': refusals(),
      'reason in /metrics': refusedReasons?.get('reason="insert_failed"') ?? 'not readable while full',
      'calls acknowledged': books.calls,
      'acknowledged while full': acknowledgedBefore - acknowledgedFull,
      'acknowledging again after s': recoverySeconds.toFixed(2),
      lost: 0,
      double: 0,
      'total USD': books.costUsd,
    });
  });

  it('before the first start of the embedded stack: says what is free, what is needed and what to do, and starts once there is room', async (context) => {
    const disk = smallDisk(context);
    const stack = await CostelProcess.prepare(join(disk.path, 'data'));
    undo.push(() => stack.kill());
    disk.fill();
    stack.spawn();
    await waitFor(() => !stack.isRunning, 'the stack to end');
    expect(stack.output).toMatch(
      /^costel: the disk of data directory \S+ is full \(0\.\d of 256\.0 MiB are free\): a start needs 64 MiB\. Make room there, .*\n$/,
    );
    disk.empty();
    await stack.start();
    await stack.untilReady();
  });

  it('of the embedded stack, which is killed meanwhile: says at start what is wrong, and loses nothing once there is room', async (context) => {
    const disk = smallDisk(context);
    const stack = await CostelProcess.prepare(join(disk.path, 'data'));
    undo.push(() => stack.kill());
    await stack.start();
    const books = new Books();
    const random = new Random(settings.seed, 'disk-kill');
    const sender = new Sender({ url: () => stack.otlpUrl, books, random });
    sender.start();
    await waitFor(() => books.calls > 100, 'the first calls to be acknowledged');
    disk.fill();
    await waitFor(() => (sender.counts.failures.get(503) ?? 0) > 0, 'a refusal for want of room');
    await stack.kill();
    const printed = stack.output.length;
    const said = () => stack.output.slice(printed);
    stack.spawn();
    await waitFor(() => !stack.isRunning || /insert failed.*space/i.test(said()), 'the start to fail, or its inserts');
    const survived = stack.isRunning;
    expect(said()).toMatch(/is full|space/i);
    disk.empty();
    if (!survived) stack.spawn();
    await stack.untilReceiving();
    await sender.finish();
    await expectTotals(stack, books);
    printFigure('kill -9 on a full disk', { 'calls acknowledged': books.calls, lost: 0, double: 0 });
  });

  it('of the collector’s queue pushes back on senders, and drains once ClickHouse is back', async (context) => {
    const disk = smallDisk(context, QUEUE_MEBIBYTES);
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-disk-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const stack = await CostelProcess.prepare(join(directory, 'data'));
    undo.push(() => stack.kill());
    await stack.start();
    const queueDirectory = join(disk.path, 'queue');
    const target = { clickhouseUrl: stack.clickhouseUrl, password: stack.token, queueDirectory };
    const collector = await startCollector(target);
    undo.push(() => collector.kill());
    const books = new Books();
    const senders = Array.from({ length: 2 }, (_, index) => {
      const stream = new Random(settings.seed, `queue-disk-${index}`);
      return new Sender({ url: () => collector.httpUrl, books, random: stream, repeatShare: 0 });
    });
    for (const sender of senders) sender.start();
    await waitFor(() => books.calls > 100, 'the first calls to be acknowledged');
    await stack.kill();
    const refusals = () => senders.reduce((sum, { counts }) => sum + (counts.failures.get(503) ?? 0), 0);
    await waitFor(() => refusals() > 10, 'refusals for want of room in the queue', 300_000);
    const atFull = books.calls;
    await stack.start();
    await waitFor(() => books.calls > atFull + 200, 'calls to be acknowledged again', 300_000);
    await Promise.all(senders.map((sender) => sender.finish()));
    await expectTotals(stack, books, 300_000);
    printFigure('disk of the queue full', {
      'queue MiB': QUEUE_MEBIBYTES,
      'calls it took': atFull,
      'answered 503': refusals(),
      'calls acknowledged': books.calls,
      lost: 0,
      double: 0,
    });
  });

  it('of the collector’s queue, which is killed and started again twice while it is full: starts, pushes back, and loses nothing', async (context) => {
    const disk = smallDisk(context, QUEUE_MEBIBYTES);
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-disk-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const stack = await CostelProcess.prepare(join(directory, 'data'));
    undo.push(() => stack.kill());
    await stack.start();
    const queueDirectory = join(disk.path, 'queue');
    const target = { clickhouseUrl: stack.clickhouseUrl, password: stack.token, queueDirectory };
    let collector = await startCollector(target);
    undo.push(() => collector.kill());
    const books = new Books();
    const senders = Array.from({ length: 2 }, (_, index) => {
      const stream = new Random(settings.seed, `queue-disk-kill-${index}`);
      return new Sender({ url: () => collector.httpUrl, books, random: stream, repeatShare: 0 });
    });
    for (const sender of senders) sender.start();
    await waitFor(() => books.calls > 100, 'the first calls to be acknowledged');
    await stack.kill();
    const refusals = () => senders.reduce((sum, { counts }) => sum + (counts.failures.get(503) ?? 0), 0);
    await waitFor(() => refusals() > 10, 'refusals for want of room in the queue', 300_000);
    const atFull = books.calls;
    const restartSeconds: string[] = [];
    // Once as the queue left the disk, once without a byte left.
    for (const isFilled of [false, true]) {
      if (isFilled) disk.fill();
      await collector.kill();
      const killedAt = performance.now();
      collector = await startCollector(target);
      restartSeconds.push(((performance.now() - killedAt) / 1000).toFixed(1));
      const before = refusals();
      await waitFor(() => refusals() > before + 10, 'the collector to push back again', 300_000);
    }
    const acknowledgedFull = books.calls - atFull;
    disk.empty();
    await stack.start();
    await waitFor(() => books.calls > atFull + acknowledgedFull + 200, 'calls to be acknowledged again', 300_000);
    await Promise.all(senders.map((sender) => sender.finish()));
    await expectTotals(stack, books, 300_000);
    printFigure('kill -9 of the collector on a full disk', {
      'queue MiB': QUEUE_MEBIBYTES,
      'calls it took': atFull,
      'taken while full': acknowledgedFull,
      'started again after s': restartSeconds.join(', '),
      'answered 503': refusals(),
      'calls acknowledged': books.calls,
      lost: 0,
      double: 0,
      'total USD': books.costUsd,
    });
  });

  it('of the collector’s queue does not lose the request that is read just when there is no room to note it', () => {
    const { status, stdout, stderr } = spawnSync(
      'go',
      ['test', '-C', join(collectorDirectory, 'queue-storage'), './...'],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: expect.stringMatching(/^ok/m) });
  });
});

async function post(stack: CostelProcess, call: Call): Promise<Response> {
  return fetch(`${stack.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: new Uint8Array(encodeCalls([call], 'json')),
  });
}
