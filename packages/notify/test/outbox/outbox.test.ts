import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { NotifyError } from '../../src/error.js';
import { createOutbox, type Outbox, type OutboxOptions } from '../../src/outbox/outbox.js';
import { createWebhookChannel } from '../../src/webhook/webhook-channel.js';
import { alertOf, NOON_MS } from '../alert-fixtures.js';
import { Receiver, respond } from '../receiver.js';
import { intercept, MemoryChannel, openTestDatabase, type TestDatabase } from './outbox-fixtures.js';

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;

let test: TestDatabase;
let nowMs = NOON_MS;

beforeAll(async () => {
  test = await openTestDatabase();
});

afterAll(async () => {
  await test.close();
});

beforeEach(async () => {
  await test.clear();
  nowMs = NOON_MS;
});

function open(channels: OutboxOptions['channels'], more: Partial<OutboxOptions> = {}): Outbox {
  return createOutbox({ database: test.database, channels, clock: () => nowMs, ...more });
}

async function statesOf(outbox: Outbox): Promise<string[]> {
  const records = await outbox.listAlerts({ sinceMs: NOON_MS - HOUR_MS });
  return records.flatMap(({ alert, deliveries }) =>
    deliveries.map(
      ({ state, channel, outcome, attempts }) => `${alert.key} ${state} ${channel} ${outcome} ${attempts}`,
    ),
  );
}

describe('an outbox', () => {
  it('tells each channel of an alert once, however often it is raised', async () => {
    const hook = new MemoryChannel('hook');
    const log = new MemoryChannel('log');
    const outbox = open([hook, log]);
    const alert = alertOf('a1', { channels: ['hook', 'log'] });
    expect(await outbox.raise([alert, alert])).toEqual(['a1']);
    expect(await outbox.raise([alert])).toEqual([]);
    expect(await open([hook]).raise([{ ...alert, message: 'another process' }])).toEqual([]);
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 2, pending: 2 });
    nowMs += 48 * HOUR_MS;
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 0, pending: 0 });
    expect(hook.told).toEqual(['a1 firing']);
    expect(log.told).toEqual(['a1 firing']);
    expect(hook.sent[0]?.idempotencyKey).not.toBe(log.sent[0]?.idempotencyKey);
  });

  it('delivers in another process what was raised in one that died', async () => {
    await open([new MemoryChannel()]).raise([
      alertOf('a1', { message: 'with\nbreaks, "quotes" and ünïcode\n\nSELECT 1' }),
    ]);
    const hook = new MemoryChannel();
    await open([hook]).deliverPending();
    expect(hook.sent.map(({ alert }) => alert)).toEqual([
      alertOf('a1', { message: 'with\nbreaks, "quotes" and ünïcode\n\nSELECT 1' }),
    ]);
  });

  it('sends an alert to a real receiver that is down at first, with one key, soon after it is up', async () => {
    const receiver = await Receiver.start(respond(500));
    const outbox = open([
      createWebhookChannel({ name: 'hook', url: receiver.url, isPrivateAllowed: true, clock: () => nowMs }),
    ]);
    await outbox.raise([alertOf('a1')]);
    const upAtMs = NOON_MS + 30 * 60 * SECOND_MS;
    while (nowMs < upAtMs) {
      await outbox.deliverPending();
      nowMs += 15 * SECOND_MS;
    }
    const failures = receiver.received.length;
    receiver.answer = respond(200);
    while ((await outbox.deliverPending()).delivered === 0) nowMs += SECOND_MS;
    expect(nowMs - upAtMs).toBeLessThanOrEqual(60 * SECOND_MS);
    expect(new Set(receiver.keys).size).toBe(1);
    expect(receiver.received).toHaveLength(failures + 1);
    expect(failures).toBeLessThan(80);
    expect(await statesOf(outbox)).toEqual([`a1 firing hook delivered ${failures + 1}`]);
    await receiver.stop();
  });

  it('waits as long as the receiver asks to be left alone', async () => {
    const receiver = await Receiver.start(respond(429, { 'retry-after': '120' }));
    const outbox = open([
      createWebhookChannel({ name: 'hook', url: receiver.url, isPrivateAllowed: true, clock: () => nowMs }),
    ]);
    await outbox.raise([alertOf('a1')]);
    expect(await outbox.deliverPending()).toMatchObject({ retried: 1 });
    receiver.answer = respond(200);
    nowMs += 119 * SECOND_MS;
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 0, pending: 1 });
    nowMs += SECOND_MS;
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 1 });
    expect(receiver.received).toHaveLength(2);
    await receiver.stop();
  });

  it('tries again after a receiver that did not answer', async () => {
    const receiver = await Receiver.start(() => {});
    const hook = { name: 'hook', url: receiver.url, isPrivateAllowed: true };
    const impatient = open([createWebhookChannel({ ...hook, sendTimeoutMs: 100 })]);
    await impatient.raise([alertOf('a1')]);
    expect(await impatient.deliverPending()).toMatchObject({ retried: 1 });
    receiver.answer = respond(200);
    nowMs += SECOND_MS;
    expect(await open([createWebhookChannel(hook)]).deliverPending()).toMatchObject({ delivered: 1 });
    expect(new Set(receiver.keys).size).toBe(1);
    await receiver.stop();
  });

  it('does not repeat what a receiver refuses for good, and shows it', async () => {
    const hook = new MemoryChannel();
    hook.answer = () => ({ isDelivered: false, isRetryable: false, reason: 'HTTP 404' });
    const outbox = open([hook]);
    await outbox.raise([alertOf('a1')]);
    expect(await outbox.deliverPending()).toMatchObject({ failed: 1 });
    nowMs += HOUR_MS;
    expect(await outbox.deliverPending()).toMatchObject({ failed: 0, pending: 0 });
    const [record] = await outbox.listAlerts({ sinceMs: NOON_MS });
    expect(record?.deliveries).toEqual([
      { state: 'firing', channel: 'hook', outcome: 'failed', attempts: 1, reason: 'HTTP 404', answeredAtMs: NOON_MS },
    ]);
  });

  it('gives up after a day of failures, never before an attempt, and shows a dead letter', async () => {
    const hook = new MemoryChannel();
    hook.answer = () => ({ isDelivered: false, isRetryable: true, reason: 'HTTP 503' });
    const outbox = open([hook]);
    await outbox.raise([alertOf('a1')]);
    await outbox.deliverPending();
    nowMs += 24 * HOUR_MS;
    expect(await outbox.deliverPending()).toMatchObject({ retried: 1 });
    nowMs += HOUR_MS;
    expect(await outbox.deliverPending()).toMatchObject({ deadLettered: 1 });
    nowMs += HOUR_MS;
    expect(await outbox.deliverPending()).toMatchObject({ pending: 0 });
    expect(await statesOf(outbox)).toEqual(['a1 firing hook dead_letter 3']);
    await outbox.raise([alertOf('a2')]);
    hook.answer = () => ({ isDelivered: true });
    nowMs += 72 * HOUR_MS;
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 1 });
  });

  it('lets a channel that throws or hangs hold up no other', async () => {
    const broken = new MemoryChannel('broken');
    broken.answer = () => Promise.reject(new Error('boom'));
    const slow = new MemoryChannel('slow');
    let release: () => void = () => {};
    slow.answer = () =>
      new Promise((resolve) => {
        release = () => resolve({ isDelivered: true });
      });
    const good = new MemoryChannel('good');
    const outbox = open([broken, slow, good]);
    await outbox.raise([alertOf('a1', { channels: ['broken', 'slow', 'good'] })]);
    const first = outbox.deliverPending();
    await expect.poll(() => slow.sent.length).toBe(1);
    await outbox.raise([alertOf('a2', { channels: ['slow', 'good'] })]);
    await expect
      .poll(async () => {
        await outbox.deliverPending('good');
        return good.told;
      })
      .toEqual(['a1 firing', 'a2 firing']);
    expect(slow.told).toEqual(['a1 firing']);
    release();
    expect(await first).toMatchObject({ delivered: 2, retried: 1 });
  });

  it('resolves an alert once, after it has been told that it fired', async () => {
    const hook = new MemoryChannel();
    hook.answer = () => ({ isDelivered: false, isRetryable: true, reason: 'HTTP 503' });
    const outbox = open([hook]);
    await outbox.raise([alertOf('a1')]);
    await outbox.deliverPending();
    const end = { key: 'a1', message: 'the period is over', resolvedAtMs: nowMs, spentUsd: '8' };
    expect(await outbox.resolve([end, { ...end, key: 'never raised' }])).toEqual(['a1']);
    expect(await outbox.resolve([end])).toEqual([]);
    hook.answer = () => ({ isDelivered: true });
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 0, pending: 2 });
    nowMs += SECOND_MS;
    await outbox.deliverPending();
    await outbox.deliverPending();
    expect(hook.told).toEqual(['a1 firing', 'a1 firing', 'a1 resolved']);
    expect(hook.sent[2]?.alert).toMatchObject({ message: 'the period is over', spentUsd: '8', thresholdPercent: 75 });
    expect(hook.sent[2]?.idempotencyKey).not.toBe(hook.sent[1]?.idempotencyKey);
    expect(await outbox.raise([alertOf('a1')])).toEqual([]);
  });

  it('lists alerts by state, newest first', async () => {
    const outbox = open([new MemoryChannel()]);
    await outbox.raise([alertOf('a1')]);
    nowMs += SECOND_MS;
    await outbox.raise([alertOf('a2', { isLate: true })]);
    await outbox.resolve([{ key: 'a1', message: 'over', resolvedAtMs: nowMs }]);
    const all = await outbox.listAlerts({ sinceMs: NOON_MS });
    expect(all.map(({ alert, state }) => `${alert.key} ${state}`)).toEqual(['a2 firing', 'a1 resolved']);
    expect(all.map(({ resolvedAtMs }) => resolvedAtMs)).toEqual([undefined, NOON_MS + SECOND_MS]);
    expect(all[0]?.alert).toEqual(alertOf('a2', { isLate: true }));
    expect((await outbox.listAlerts({ sinceMs: NOON_MS, state: 'firing' })).map(({ alert }) => alert.key)).toEqual([
      'a2',
    ]);
    expect(await outbox.listAlerts({ sinceMs: NOON_MS, limit: 1 })).toHaveLength(1);
    expect(await outbox.listAlerts({ sinceMs: nowMs + 1 })).toEqual([]);
  });

  it('lists thresholds crossed in one instant from the highest down: they came in the order of their keys', async () => {
    const outbox = open([new MemoryChannel()]);
    const thresholds = [90, 50, 100, 75];
    await outbox.raise(thresholds.map((thresholdPercent, index) => alertOf(`a${index}`, { thresholdPercent })));
    const listed = await outbox.listAlerts({ sinceMs: NOON_MS });
    expect(listed.map(({ alert }) => alert.thresholdPercent)).toEqual([100, 90, 75, 50]);
  });

  it('leaves what goes to a channel that it does not have to those that do', async () => {
    const outbox = open([new MemoryChannel('hook')]);
    await outbox.raise([alertOf('a1', { channels: ['elsewhere'] })]);
    expect(await outbox.deliverPending()).toMatchObject({ pending: 1, delivered: 0, failed: 0 });
    const elsewhere = new MemoryChannel('elsewhere');
    await open([elsewhere]).deliverPending();
    expect(elsewhere.told).toEqual(['a1 firing']);
  });

  it('keeps the alerts of tenants apart', async () => {
    const one = new MemoryChannel();
    const other = new MemoryChannel();
    await open([one], { tenant: 'one' }).raise([alertOf('a1')]);
    await open([other], { tenant: 'other' }).deliverPending();
    expect(other.sent).toEqual([]);
    expect(await open([other], { tenant: 'other' }).listAlerts({ sinceMs: 0 })).toEqual([]);
    expect(await open([other], { tenant: 'other' }).raise([alertOf('a1')])).toEqual(['a1']);
  });

  it('tells a burst of a thousand alerts once each', async () => {
    const hook = new MemoryChannel();
    const outbox = open([hook], { concurrency: 100 });
    const keys = Array.from({ length: 1000 }, (_, index) => `a${index}`);
    await outbox.raise(keys.map((key) => alertOf(key)));
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 1000, pending: 1000 });
    expect(new Set(hook.told).size).toBe(1000);
    expect(await outbox.deliverPending()).toMatchObject({ pending: 0 });
  });

  it('stays whole when the database fails, and goes on afterwards', async () => {
    let isDown = false;
    const failing = intercept(test.database, {
      beforeInsert: () => {
        if (isDown) throw new Error('database away');
      },
    });
    const hook = new MemoryChannel();
    const outbox = open([hook], { database: failing });
    isDown = true;
    await expect(outbox.raise([alertOf('a1')])).rejects.toThrow('database away');
    isDown = false;
    expect(await outbox.raise([alertOf('a1')])).toEqual(['a1']);
    isDown = true;
    await expect(outbox.deliverPending()).rejects.toThrow('database away');
    isDown = false;
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 1 });
    expect(hook.told).toEqual(['a1 firing']);
  });

  it('refuses alerts that cannot be told apart and channels of one name', async () => {
    const outbox = open([new MemoryChannel()]);
    await expect(outbox.raise([alertOf('')])).rejects.toThrow(NotifyError);
    await expect(outbox.raise([alertOf('a1', { channels: [] })])).rejects.toThrow('at least one channel');
    await expect(outbox.raise([alertOf('a1', { startedAtMs: Number.NaN })])).rejects.toThrow('startedAtMs');
    expect(() => open([new MemoryChannel('x'), new MemoryChannel('x')])).toThrow('defined twice');
  });
});

describe('claims', () => {
  let outboxes: Outbox[] = [];

  afterEach(() => {
    outboxes = [];
  });

  it('let one of many concurrent processes send each notification', async () => {
    const hook = new MemoryChannel();
    outboxes = Array.from({ length: 6 }, (_, index) => open([hook], { holder: `p${index}`, concurrency: 3 }));
    const keys = Array.from({ length: 20 }, (_, index) => `a${index}`);
    const raised = await Promise.all(outboxes.map((outbox) => outbox.raise(keys.map((key) => alertOf(key)))));
    expect(raised.flat().length).toBeGreaterThanOrEqual(20);
    const reports = await Promise.all(outboxes.map((outbox) => outbox.deliverPending()));
    expect(hook.told.toSorted()).toEqual(keys.map((key) => `${key} firing`).toSorted());
    expect(reports.reduce((total, { delivered }) => total + delivered, 0)).toBe(20);
    expect(reports.reduce((total, { lostClaims }) => total + lostClaims, 0)).toBeGreaterThan(0);
    expect(await outboxes[0]?.deliverPending()).toMatchObject({ pending: 0 });
  });

  it('never let two win in 25 rounds of two processes over one alert', async () => {
    for (let round = 0; round < 25; round++) {
      const hook = new MemoryChannel();
      const pair = [open([hook]), open([hook])] as const;
      await pair[0].raise([alertOf(`round ${round}`)]);
      await Promise.all(pair.map((outbox) => outbox.deliverPending()));
      expect(hook.told).toEqual([`round ${round} firing`]);
    }
  });

  it('hold for three send time-outs, then another process takes over', async () => {
    const dying = new MemoryChannel('hook', 10 * SECOND_MS);
    const never = new Promise<never>(() => {});
    dying.answer = () => never;
    const dead = open([dying]);
    await dead.raise([alertOf('a1')]);
    void dead.deliverPending();
    await expect.poll(() => dying.sent.length).toBe(1);
    const hook = new MemoryChannel('hook', 10 * SECOND_MS);
    const heir = open([hook]);
    nowMs += 30 * SECOND_MS - 1;
    expect(await heir.deliverPending()).toMatchObject({ delivered: 0, pending: 1 });
    nowMs += 1;
    expect(await heir.deliverPending()).toMatchObject({ delivered: 1 });
    expect(hook.sent[0]?.idempotencyKey).toBe(dying.sent[0]?.idempotencyKey);
  });

  it('keep a process from sending that was stopped after its claim until another had taken over', async () => {
    const hook = new MemoryChannel();
    const heirChannel = new MemoryChannel();
    const heir = open([heirChannel]);
    let isStopped = false;
    const stopping = intercept(test.database, {
      beforeQuery: async (sql) => {
        if (!sql.includes('claim_id') || isStopped) return;
        isStopped = true;
        nowMs += 60 * SECOND_MS;
        await heir.deliverPending();
      },
    });
    const sleeper = open([hook], { database: stopping });
    await sleeper.raise([alertOf('a1')]);
    expect(await sleeper.deliverPending()).toMatchObject({ delivered: 0, lostClaims: 1 });
    expect(isStopped).toBe(true);
    expect(hook.sent).toEqual([]);
    expect(heirChannel.told).toEqual(['a1 firing']);
  });

  it('keep a process from sending whose lease is too short for a send, though nobody else has claimed', async () => {
    const hook = new MemoryChannel();
    let slowdownMs = 21 * SECOND_MS;
    const slow = intercept(test.database, {
      beforeQuery: (sql) => {
        if (sql.includes('claim_id')) nowMs += slowdownMs;
      },
    });
    const outbox = open([hook], { database: slow });
    await outbox.raise([alertOf('a1')]);
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 0, lostClaims: 1 });
    slowdownMs = 0;
    nowMs += 30 * SECOND_MS;
    expect(await outbox.deliverPending()).toMatchObject({ delivered: 1 });
    expect(hook.told).toEqual(['a1 firing']);
  });

  it('still hold after the engine has merged the claim log', async () => {
    const hook = new MemoryChannel();
    const pair = [open([hook]), open([hook])] as const;
    const keys = Array.from({ length: 10 }, (_, index) => `a${index}`);
    await pair[0].raise(keys.map((key) => alertOf(key)));
    let isMerged = false;
    const merging = intercept(test.database, {
      beforeQuery: async (sql) => {
        if (!sql.includes('claim_id') || isMerged) return;
        isMerged = true;
        await pair[0].deliverPending();
        await test.database.command('OPTIMIZE TABLE alert_claims FINAL');
      },
    });
    // Its claims come first; those of the other come second, and both are in one part when they are read.
    const first = new MemoryChannel();
    expect(await open([first], { database: merging, concurrency: 10 }).deliverPending()).toMatchObject({
      delivered: 10,
    });
    expect(hook.sent).toEqual([]);
    expect(first.sent).toHaveLength(10);
  });
});
