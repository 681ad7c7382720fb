import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GuardShares, type GuardHold } from '../../src/service/guard-shares.js';

const hold = (heldPicoUsd: bigint, isActive = true): GuardHold => ({ key: 'budget', heldPicoUsd, isActive });
const KEEP = 12_000;

describe('shares of what is left', () => {
  it('are all of it for one guard, and even ones as soon as two have reported', () => {
    const shares = new GuardShares();
    const times = { nowMs: 0, keepMs: KEEP };
    const ask = (id: string) => shares.report(id, [hold(0n)], () => 100n, times);
    expect(ask('one')).toEqual([{ grantPicoUsd: 100n, isPending: false }]);
    expect(ask('two')).toEqual([{ grantPicoUsd: 0n, isPending: true }]);
    expect(ask('one')).toEqual([{ grantPicoUsd: 50n, isPending: false }]);
    expect(ask('two')).toEqual([{ grantPicoUsd: 50n, isPending: false }]);
  });

  it('are larger for a guard whose application makes calls', () => {
    const shares = new GuardShares();
    const times = { nowMs: 0, keepMs: KEEP };
    const ask = (id: string, isActive: boolean) =>
      shares.report(id, [hold(0n, isActive)], () => 90n, times)[0]?.grantPicoUsd;
    ask('busy', true);
    ask('idle', false);
    expect([ask('busy', true), ask('idle', false)]).toEqual([80n, 10n]);
  });

  it('of a guard that is not heard of are free when its time is over, and not before', () => {
    const shares = new GuardShares();
    shares.report('dead', [hold(60n)], () => 100n, { nowMs: 0, keepMs: KEEP });
    const grantAt = (nowMs: number) =>
      shares.report('alive', [hold(0n)], () => 100n, { nowMs, keepMs: KEEP })[0]?.grantPicoUsd;
    expect(grantAt(KEEP - 1)).toBe(0n);
    expect(grantAt(KEEP)).toBe(100n);
    expect(shares.count(KEEP)).toBe(1);
  });

  it('never exceed what is left together with what is held, whoever reports what and when', () => {
    const step = fc.record({
      guard: fc.integer({ min: 0, max: 5 }),
      usePercent: fc.integer({ min: 0, max: 100 }),
      countPercent: fc.integer({ min: 0, max: 100 }),
      isActive: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
        const shares = new GuardShares();
        const held = new Map<number, bigint>();
        const granted = new Map<number, bigint>();
        let spent = 0n;
        for (const { guard, usePercent, countPercent, isActive } of steps) {
          // The guard uses part of its grant; part of what it holds then is counted by the ledger.
          const used = ((granted.get(guard) ?? 0n) * BigInt(usePercent)) / 100n;
          const holding = (held.get(guard) ?? 0n) + used;
          const counted = (holding * BigInt(countPercent)) / 100n;
          spent += counted;
          held.set(guard, holding - counted);
          const [share] = shares.report(`${guard}`, [hold(holding - counted, isActive)], () => limit - spent, {
            nowMs: 0,
            keepMs: KEEP,
          });
          granted.set(guard, share?.grantPicoUsd ?? 0n);
          const sum = (amounts: Map<number, bigint>): bigint => [...amounts.values()].reduce((a, b) => a + b, 0n);
          expect(spent + sum(held) + sum(granted)).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 300 },
    );
  });
});
