import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCollector } from '../collector/support/collector.js';
import { freePort } from '../support/free-port.mjs';
import { waitFor } from '../support/stack.js';
import { encodeCalls, makeCall, type Call } from './support/calls.js';
import { CostelProcess } from './support/costel-process.js';
import { printFigure } from './support/figures.js';
import { Random } from './support/random.js';
import { settings } from './support/settings.js';

const REQUESTS = 200;
const CALLS_A_REQUEST = 15;
const QUEUE_FILE = 'exporter_clickhouse__traces';

/**
 * What a bad disk, a bad copy or a full disk may leave of the file, in at most how many places bytes of requests are hit,
 * and what the check says of it.
 */
const DAMAGES: readonly (readonly [string, (file: Buffer, random: Random) => Buffer, places: number, RegExp])[] = [
  ['cut off in the middle', (file) => file.subarray(0, Math.floor(file.length / 2)), 1, /is damaged/],
  [
    'zeros from a quarter to a half',
    (file) => file.fill(0, Math.floor(file.length / 4), Math.floor(file.length / 2)),
    REQUESTS,
    /is damaged/,
  ],
  ['noise in every tenth page', (file, random) => noise(file, random), 100, /is damaged/],
  ['zeros in place of its head', (file) => file.fill(0, 0, 8192), 0, /is damaged \(invalid database\)/],
  ['something else altogether', () => Buffer.alloc(50_000, 'not a queue'), 0, /is damaged \(invalid database\)/],
  ['nothing at all', () => Buffer.alloc(0), 0, /^$/],
];

function noise(file: Buffer, random: Random): Buffer {
  for (let page = 3; page < file.length / 4096; page += 10) random.bytes(64).copy(file, page * 4096);
  return file;
}

describe('a damaged queue file of the collector', () => {
  const random = new Random(settings.seed, 'queue-damaged');
  const directory = mkdtempSync(join(tmpdir(), 'costel-faults-queue-'));
  const full = join(directory, 'full');
  let stack: CostelProcess;

  beforeAll(async () => {
    stack = await CostelProcess.prepare(join(directory, 'data'));
    await stack.start();
    // Nobody listens there: everything stays in the queue.
    const away = { clickhouseUrl: `http://127.0.0.1:${await freePort()}`, password: stack.token, queueDirectory: full };
    const collector = await startCollector(away);
    for (let request = 0; request < REQUESTS; request += 1) {
      const calls = Array.from({ length: CALLS_A_REQUEST }, () => makeCall(random, Date.now()));
      await post(collector.httpUrl, calls);
    }
    await collector.kill();
  });
  afterAll(async () => {
    await stack.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(DAMAGES)(
    '(%s) does not keep it from starting; what can be read is delivered, and the loss is stated',
    async (name, damage, places, says) => {
      const queueDirectory = join(directory, name.replaceAll(' ', '-'));
      cpSync(full, queueDirectory, { recursive: true });
      const path = join(queueDirectory, QUEUE_FILE);
      writeFileSync(path, damage(readFileSync(path), random));

      const { status, stderr } = spawnSync(queueCheck(), ['-dir', queueDirectory], { encoding: 'utf8' });
      expect(status).toBe(0);
      expect(stderr).toMatch(says);
      const kept = /(\d+) queued requests were kept/.exec(stderr)?.[1] ?? '0';
      const before = await rawRows(stack);
      const target = { clickhouseUrl: stack.clickhouseUrl, password: stack.token, queueDirectory };
      const collector = await startCollector(target);
      try {
        const fresh = Array.from({ length: 20 }, () => makeCall(random, Date.now()));
        await post(collector.httpUrl, fresh);
        // Of each request that was kept every call arrives, and nothing else does. A request whose own bytes were hit, not
        // the tree around them, is kept and then dropped by the collector: at most one a place of damage.
        const most = before + Number(kept) * CALLS_A_REQUEST + fresh.length;
        const least = most - places * CALLS_A_REQUEST;
        await waitFor(async () => (await rawRows(stack)) >= least, 'what was kept to be delivered', 180_000);
        await waitFor(
          async () => hasAll(await storedCalls(stack), fresh),
          'the calls after it to be delivered',
          180_000,
        );
        const arrived = await rawRows(stack);
        expect(arrived).toBeGreaterThanOrEqual(least);
        expect(arrived).toBeLessThanOrEqual(most);
        expect(await doubles(stack)).toEqual([]);
        const aside = readdirSync(queueDirectory).filter((file) => file.startsWith(`${QUEUE_FILE}.damaged-`));
        expect(aside).toHaveLength(stderr === '' ? 0 : 1);
        printFigure(`damaged queue (${name})`, {
          'queued requests': REQUESTS,
          kept,
          'calls after it': fresh.length,
          'lost of those': 0,
        });
      } finally {
        await collector.stop();
      }
    },
  );

  it('an intact file is left as it is', () => {
    const before = readFileSync(join(full, QUEUE_FILE));
    const { status, stderr } = spawnSync(queueCheck(), ['-dir', full], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(readFileSync(join(full, QUEUE_FILE)).equals(before)).toBe(true);
  });

  it('becomes the collector once it is through', () => {
    const { stdout } = spawnSync(queueCheck(), ['-dir', full, '--', process.execPath, '-p', '6 * 7'], {
      encoding: 'utf8',
    });
    expect(stdout.trim()).toBe('42');
  });
});

/** The binary that `npm run test:faults` has built. */
function queueCheck(): string {
  const binary = process.env['COSTEL_QUEUE_CHECK'];
  if (binary === undefined)
    throw new Error('COSTEL_QUEUE_CHECK is not set: start these tests with npm run test:faults');
  return binary;
}

async function post(url: string, calls: readonly Call[]): Promise<void> {
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(encodeCalls(calls, 'protobuf')),
  });
  expect(response.status).toBe(200);
}

async function storedCalls(stack: CostelProcess): Promise<ReadonlySet<string>> {
  const rows = await stack.query<{ span_id: string }>('SELECT DISTINCT span_id FROM llm_calls');
  return new Set(rows.map((row) => row.span_id));
}

const hasAll = (stored: ReadonlySet<string>, calls: readonly Call[]): boolean =>
  calls.every(({ spanId }) => stored.has(spanId));

async function rawRows(stack: CostelProcess): Promise<number> {
  const [row] = await stack.query<{ rows: string }>('SELECT count() AS rows FROM otel_traces');
  return Number(row?.rows);
}

async function doubles(stack: CostelProcess): Promise<readonly object[]> {
  return stack.query('SELECT span_id FROM llm_calls FINAL GROUP BY span_id HAVING sum(counted) > 1');
}
