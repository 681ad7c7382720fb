import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { AlertRecord } from '../../src/outbox/alert-list.js';
import type { DeliveryReport } from '../../src/outbox/outbox.js';
import { NOON_MS } from '../alert-fixtures.js';
import { Receiver, respond, type Answer } from '../receiver.js';

const SCRIPT = fileURLToPath(new URL('sending-process.mjs', import.meta.url));
const HOUR_MS = 3_600_000;

interface Ending {
  /** `SIGKILL` for a process that was killed. */
  readonly signal: string | null;
  readonly code: number | null;
  readonly output: string;
  /** What it said of its end, if it was not killed. */
  readonly errors: string;
}

let dataDirectory: string;
let receiver: Receiver;
let killChild: () => void = () => {};

beforeEach(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'costel-kill-'));
  receiver = await Receiver.start();
});

afterEach(async () => {
  await receiver.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

function run(nowMs: number, step: string): Promise<Ending> {
  const started = spawn(process.execPath, [SCRIPT, dataDirectory, receiver.url, String(nowMs), step], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  killChild = () => started.kill('SIGKILL');
  let output = '';
  let errors = '';
  started.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  started.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return new Promise((resolve) => {
    started.on('close', (code, signal) => resolve({ signal, code, output, errors }));
  });
}

async function runToEnd(nowMs: number): Promise<{ report: DeliveryReport; records: readonly AlertRecord[] }> {
  const { code, output, errors } = await run(nowMs, 'none');
  expect(code, errors).toBe(0);
  return JSON.parse(output) as { report: DeliveryReport; records: readonly AlertRecord[] };
}

const killSender: Answer = (response) => {
  killChild();
  response.destroy();
};

// What a receiver sees: sends before the kill, and sends altogether.
describe('a process killed', () => {
  it.each([
    ['before it raises', 'before alert_events', respond(200), 0, 1],
    ['after it raised', 'after alert_events', respond(200), 0, 1],
    ['before its claim', 'before alert_claims', respond(200), 0, 1],
    ['after its claim', 'after alert_claims', respond(200), 0, 1],
    ['in the middle of the POST', 'by the receiver', killSender, 1, 2],
    ['after the answer, before its record', 'before alert_deliveries', respond(200), 1, 2],
    ['after its record', 'after alert_deliveries', respond(200), 1, 1],
  ])('%s loses no alert and never sends it under a second key', async (_when, step, answer, sendsBefore, sends) => {
    receiver.answer = answer;
    const killed = await run(NOON_MS, step);
    expect(killed.signal, `${String(killed.code)}: ${killed.errors}${killed.output}`).toBe('SIGKILL');
    expect(receiver.received).toHaveLength(sendsBefore);

    receiver.answer = respond(200);
    const { records } = await runToEnd(NOON_MS + HOUR_MS);
    expect(receiver.received).toHaveLength(sends);
    expect(new Set(receiver.keys).size).toBe(1);
    expect(records.flatMap(({ deliveries }) => deliveries.map(({ outcome }) => outcome))).toEqual(['delivered']);

    const { report } = await runToEnd(NOON_MS + 2 * HOUR_MS);
    expect(report).toMatchObject({ pending: 0, delivered: 0 });
    expect(receiver.received).toHaveLength(sends);
  });
});
