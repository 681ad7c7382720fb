import { describe, expect, it, vi } from 'vitest';

import { PendingView } from '../../src/outbox/pending-view.js';
import type { PendingNotification } from '../../src/outbox/pending.js';

function pendingDue(dueMs: number, channel = 'hook'): PendingNotification {
  return {
    alertKey: 'a1',
    state: 'firing',
    channel,
    raisedAtMs: 0,
    epoch: 1,
    leaseUntilMs: 0,
    answeredEpoch: 1,
    nextAttemptAtMs: dueMs,
  };
}

describe('PendingView', () => {
  it('reads once while nothing changes, nothing is due and five seconds have not passed', async () => {
    const load = vi.fn(() => Promise.resolve([pendingDue(60_000), pendingDue(0, 'elsewhere')]));
    const view = new PendingView(new Set(['hook']), load);
    for (const nowMs of [0, 1, 4999]) expect(await view.at(nowMs)).toHaveLength(2);
    expect(load).toHaveBeenCalledTimes(1);
    await view.at(5000);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('reads again when something is due, after a change and when the clock goes back', async () => {
    const load = vi.fn(() => Promise.resolve([pendingDue(2000)]));
    const view = new PendingView(new Set(['hook']), load);
    await view.at(1000);
    await view.at(1999);
    expect(load).toHaveBeenCalledTimes(1);
    await view.at(2000);
    expect(load).toHaveBeenCalledTimes(2);
    await view.at(500);
    expect(load).toHaveBeenCalledTimes(3);
    view.invalidate();
    await view.at(501);
    expect(load).toHaveBeenCalledTimes(4);
  });

  it('does not rely on a read during which something changed, and shares one otherwise', async () => {
    const answers: ((pendings: readonly PendingNotification[]) => void)[] = [];
    const load = vi.fn(() => new Promise<readonly PendingNotification[]>((resolve) => answers.push(resolve)));
    const view = new PendingView(new Set(['hook']), load);
    const first = view.at(0);
    const shared = view.at(0);
    view.invalidate();
    const second = view.at(0);
    expect(load).toHaveBeenCalledTimes(2);
    answers[1]?.([pendingDue(9000)]);
    answers[0]?.([]);
    expect(await first).toEqual([]);
    expect(await shared).toEqual([]);
    expect(await second).toHaveLength(1);
    expect(await view.at(1)).toHaveLength(1);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('reads again after a read that failed', async () => {
    const load = vi.fn(() => Promise.resolve<readonly PendingNotification[]>([]));
    load.mockRejectedValueOnce(new Error('database away'));
    const view = new PendingView(new Set(), load);
    await expect(view.at(0)).rejects.toThrow('database away');
    expect(await view.at(0)).toEqual([]);
  });
});
