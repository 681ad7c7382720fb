import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { overshootBoundUsd } from '@costel/instrumentation';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startStack, waitFor, type RunningStack } from '../support/stack.js';
import { BillingProvider, GuardedApp, type CallShape, type GuardedAppOptions } from './support/guarded-app.js';

const TOKEN = 'guard-token-of-this-test';
const folder = mkdtempSync(join(tmpdir(), 'costel-guard-'));
const provider = new BillingProvider();
let stack: RunningStack;
let apps: GuardedApp[] = [];

/** A prompt that is estimated at 1000 tokens, as many as the provider bills. */
const PROMPT_CHARACTERS = 3600;
/** What one call with 1000 tokens of output costs: 1000 × $2.50/M + 1000 × $10/M. */
const CALL_USD = 0.0125;

interface Burst {
  readonly made: number;
  readonly refused: number;
  readonly otherErrors: readonly string[];
}

const FEATURES = ['held', 'dear', 'shared', 'crash'] as const;

beforeAll(async () => {
  await provider.start();
  const configFile = join(folder, 'costel.yaml');
  const budgets = FEATURES.map(
    (name) => `  - { name: ${name}, limit_usd: 1, window: month, scope: { feature: ${name} } }`,
  );
  writeFileSync(configFile, `budgets:\n${budgets.join('\n')}\n`);
  process.env['COSTEL_GUARD_TOKEN'] = TOKEN;
  stack = await startStack({ config: configFile });
});

afterEach(async () => {
  provider.isHanging = false;
  await Promise.all(apps.map((app) => app.kill()));
  apps = [];
});

afterAll(async () => {
  delete process.env['COSTEL_GUARD_TOKEN'];
  await stack?.stop();
  await provider.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function startApp(guardOptions: GuardedAppOptions['guardOptions'] = {}): Promise<GuardedApp> {
  const { otlpUrl, url } = stack;
  const app = await GuardedApp.start({
    otlpUrl,
    costelUrl: url,
    token: TOKEN,
    providerUrl: provider.url,
    guardOptions,
  });
  apps.push(app);
  expect(await app.tell('ready')).toBe(true);
  return app;
}

async function ledgerUsd(feature: string): Promise<number> {
  const answer = await fetch(`${stack.url}/api/v1/costs/summary?days=2&filter.feature=${feature}`);
  return Number(((await answer.json()) as { total: { cost_usd: string } }).total.cost_usd);
}

/** Waits until the ledger has every call that the provider billed since. */
async function settled(feature: string, calls: number, callUsd = CALL_USD): Promise<number> {
  const expected = calls * callUsd;
  await waitFor(
    async () => Math.abs((await ledgerUsd(feature)) - expected) < 1e-9,
    `the ledger to hold ${calls} calls of ${feature}`,
  );
  return expected;
}

const shape = (feature: string, more: Partial<CallShape> = {}): CallShape => ({
  feature,
  characters: PROMPT_CHARACTERS,
  maxTokens: 1000,
  ...more,
});

describe('200 calls at once against a budget of $1', () => {
  it('do not exceed it where no call costs more than it reserves, and none is refused that has room', async () => {
    const before = provider.billed;
    const app = await startApp();
    const burst = await app.tell<Burst>('burst', { calls: 200, ...shape('held') });
    expect(burst.otherErrors).toEqual([]);
    expect(burst.made + burst.refused).toBe(200);
    // 1250 tokens in and 1000 out are reserved, $0.013125 and the framing of one message: 76 of them fit.
    expect(burst.made).toBe(76);
    await settled('held', burst.made);
    // The reservations were a little too large; what they left is not lost. A call that the aggregator counts while a
    // report that still holds it is on its way stands twice until the next report, so a refusal may come too early.
    let made = burst.made;
    await waitFor(async () => {
      await app.tell('refresh');
      const more = await app.tell<{ made: number; refusal: { neededUsd: string } }>('exhaust', shape('held'));
      made += more.made;
      return 1 - made * CALL_USD < Number(more.refusal.neededUsd);
    }, 'a call to be refused for which there is no room');
    expect(provider.billed - before).toBe(made);
    expect(await settled('held', made)).toBeLessThanOrEqual(1);
  });

  it('exceed it by no more than the stated bound where calls cost more than they reserve', async () => {
    const app = await startApp({ reservedOutputTokens: 500 });
    const burst = await app.tell<Burst>('burst', { calls: 200, ...shape('dear', { maxTokens: undefined }) });
    expect(burst.otherErrors).toEqual([]);
    const spent = await settled('dear', burst.made);
    const bound = overshootBoundUsd({ limitUsd: 1, maxCallUsd: CALL_USD, reservedUsd: '0.008125', callsInFlight: 200 });
    expect(spent).toBeGreaterThan(1);
    expect(spent - 1).toBeLessThanOrEqual(Number(bound));
    expect(await app.tell('burst', { calls: 20, ...shape('dear', { stream: true }) })).toMatchObject({
      made: 0,
      refused: 20,
    });
  });

  it('do not exceed it from four processes together either', async () => {
    const several = await Promise.all([startApp(), startApp(), startApp(), startApp()]);
    const bursts = await Promise.all(several.map((app) => app.tell<Burst>('burst', { calls: 50, ...shape('shared') })));
    let made = 0;
    for (const burst of bursts) {
      expect(burst.otherErrors).toEqual([]);
      made += burst.made;
    }
    expect(await settled('shared', made)).toBeLessThanOrEqual(1);
    // Whoever goes on gets what the others leave.
    const [one] = several;
    let more = 0;
    await waitFor(async () => {
      await one?.tell('refresh');
      more += (await one?.tell<{ made: number }>('exhaust', shape('shared')))?.made ?? 0;
      return (made + more) * CALL_USD > 1 - 5 * CALL_USD;
    }, 'the rest to be spent by one process');
    expect(await settled('shared', made + more)).toBeLessThanOrEqual(1);
  });
});

it('a process that dies gives back what it had reserved', async () => {
  provider.isHanging = true;
  // It is remembered for so long and 2 s.
  const crashing = await startApp({ maxStateAgeMs: 3000 });
  const other = await startApp({ maxStateAgeMs: 60_000 });
  await waitFor(async () => {
    // Its share grows when the processes of the tests before are forgotten.
    await crashing.tell('refresh');
    await crashing.tell('begin', { calls: 20, ...shape('crash') });
    return provider.waiting >= 20;
  }, 'the requests to be under way');
  await crashing.tell('refresh');
  const roomUsd = async (): Promise<number> => {
    await other.tell('refresh');
    const standings = await other.tell<{ budget: string; roomUsd: string }[]>('status');
    return Number(standings.find(({ budget }) => budget === 'crash')?.roomUsd);
  };
  await waitFor(async () => (await roomUsd()) <= 0.75, 'the room that is left to be known');
  await crashing.kill();
  await waitFor(async () => (await roomUsd()) === 1, 'the whole budget to be free again');
});
