import { describe, expect, it } from 'vitest';

import { parseAlert, serialiseAlert } from '../../src/outbox/alert-record.js';
import { retryDelayMs } from '../../src/outbox/backoff.js';
import { BatchWriter } from '../../src/outbox/batch-writer.js';
import { decideOutcome } from '../../src/outbox/delivery.js';
import { selectDue, type PendingNotification } from '../../src/outbox/pending.js';
import { alertOf, NOON_MS } from '../alert-fixtures.js';

function pending(more: Partial<PendingNotification>): PendingNotification {
  return {
    alertKey: 'a1',
    state: 'firing',
    channel: 'hook',
    raisedAtMs: NOON_MS,
    epoch: 0,
    leaseUntilMs: 0,
    answeredEpoch: 0,
    nextAttemptAtMs: 0,
    ...more,
  };
}

describe('retryDelayMs', () => {
  it('doubles from a second to half a minute, and rests at five minutes after two hours', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 240, 241, 10_000].map(retryDelayMs)).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 300_000, 300_000,
    ]);
  });
});

describe('selectDue', () => {
  it('takes what was never claimed, whose back-off is over or whose lease ran out without an answer', () => {
    const due = selectDue(
      [
        pending({ alertKey: 'new' }),
        pending({ alertKey: 'waiting', epoch: 2, answeredEpoch: 2, nextAttemptAtMs: NOON_MS + 1 }),
        pending({ alertKey: 'again', epoch: 2, answeredEpoch: 2, nextAttemptAtMs: NOON_MS, leaseUntilMs: NOON_MS + 9 }),
        pending({ alertKey: 'held', epoch: 2, answeredEpoch: 1, nextAttemptAtMs: 0, leaseUntilMs: NOON_MS + 1 }),
        pending({ alertKey: 'lost', epoch: 2, answeredEpoch: 1, leaseUntilMs: NOON_MS }),
        pending({ alertKey: 'other', channel: 'log' }),
      ],
      'hook',
      NOON_MS,
    );
    expect(due.map(({ alertKey }) => alertKey)).toEqual(['new', 'again', 'lost']);
  });

  it('keeps the end of an alert back until its beginning has been told on that channel', () => {
    const resolved = pending({ state: 'resolved' });
    expect(selectDue([pending({ epoch: 1, leaseUntilMs: NOON_MS + 1 }), resolved], 'hook', NOON_MS)).toEqual([]);
    expect(selectDue([pending({ channel: 'log' }), resolved], 'hook', NOON_MS)).toEqual([resolved]);
  });
});

describe('decideOutcome', () => {
  const claim = { notification: pending({}), epoch: 3, claimId: 'c', leaseUntilMs: 0 };
  const failed = { isDelivered: false, isRetryable: true, reason: 'HTTP 503' } as const;

  it('waits the longer of back-off and the wish of the receiver', () => {
    const delays = [undefined, 1000, 60_000].map((retryAfterMs) => {
      const result = retryAfterMs === undefined ? failed : { ...failed, retryAfterMs };
      return decideOutcome(claim, result, NOON_MS, 86_400_000).nextAttemptAtMs - NOON_MS;
    });
    expect(delays).toEqual([4000, 4000, 60_000]);
  });

  it('delivers late rather than gives up', () => {
    const late = NOON_MS + 90_000_000;
    expect(decideOutcome(claim, { isDelivered: true }, late, 86_400_000).outcome).toBe('delivered');
    expect(decideOutcome(claim, failed, late, 86_400_000).outcome).toBe('dead_letter');
  });
});

describe('BatchWriter', () => {
  it('puts what comes during an insert into the next one, in order', async () => {
    const inserts: number[][] = [];
    const answers: (() => void)[] = [];
    const writer = new BatchWriter<{ id: number }>((rows) => {
      inserts.push(rows.map(({ id }) => id));
      return new Promise((resolve) => answers.push(resolve));
    });
    const first = writer.write({ id: 1 });
    await expect.poll(() => inserts.length).toBe(1);
    const rest = Promise.all([writer.write({ id: 2 }), writer.write({ id: 3 })]);
    answers[0]?.();
    await first;
    await expect.poll(() => inserts.length).toBe(2);
    answers[1]?.();
    await rest;
    expect(inserts).toEqual([[1], [2, 3]]);
  });

  it('tells those whose insert failed, and goes on', async () => {
    let isDown = true;
    const writer = new BatchWriter<object>(() => (isDown ? Promise.reject(new Error('down')) : Promise.resolve()));
    await expect(writer.write({})).rejects.toThrow('down');
    isDown = false;
    await expect(writer.write({})).resolves.toBeUndefined();
  });
});

describe('parseAlert', () => {
  it('reads back what was written', () => {
    const { budget: _budget, period: _period, ...plain } = alertOf('a1');
    for (const alert of [alertOf('a1'), plain]) expect(parseAlert(serialiseAlert(alert))).toEqual(alert);
  });

  it.each(['', '[]', '{}', '{"key":1}', serialiseAlert(alertOf('a1')).replace('"warning"', '"loud"')])(
    'refuses %s',
    (text) => {
      expect(() => parseAlert(text)).toThrow('outbox: column alert');
    },
  );
});
