import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CostelProcess } from './support/costel-process.js';
import { printFigure } from './support/figures.js';
import { Random } from './support/random.js';
import { delay } from './support/sender.js';
import { settings } from './support/settings.js';

const CALLS = 6000;
const CALLS_A_REQUEST = 1000;
const DAYS = 3;
const DAY_MS = 86_400_000;
/** Each reprice takes seconds and each kill a restart: a third of the kills of the other tests. */
const KILLS = Math.max(6, Math.floor(settings.kills / 3));

/** Puts the price of a million tokens in force, as "costel prices update" does: in one step, taken up while it runs. */
function putPrice(dataDirectory: string, usdPerMillion: number, version: number): void {
  const prices = [[null, { input_mtok: usdPerMillion * 1_000_000, output_mtok: 1 }]];
  const catalogue = {
    provenance: { name: 'genai-prices', version: String(version), date: '2099-01-01' },
    providers: { openai: { models: [['house-1', '=house-1', prices]] } },
  };
  const directory = join(dataDirectory, 'prices');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'next.json'), JSON.stringify({ catalogues: [catalogue] }));
  renameSync(join(directory, 'next.json'), join(directory, 'catalogues.json'));
}

/** Calls of a million input tokens each, spread over the last days. */
async function sendCalls(stack: CostelProcess, random: Random, nowMs: number): Promise<void> {
  const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
  for (let sent = 0; sent < CALLS; sent += CALLS_A_REQUEST) {
    const spans = Array.from({ length: CALLS_A_REQUEST }, () => {
      const startMs = nowMs - 60_000 - random.below(DAYS * DAY_MS - 120_000);
      return {
        traceId: random.hex(16),
        spanId: random.hex(8),
        name: 'chat house-1',
        kind: 3,
        startTimeUnixNano: `${startMs}000000`,
        endTimeUnixNano: `${startMs + 500}000000`,
        attributes: [
          text('gen_ai.operation.name', 'chat'),
          text('gen_ai.provider.name', 'openai'),
          text('gen_ai.request.model', 'house-1'),
          text('gen_ai.response.id', random.hex(8)),
          { key: 'gen_ai.usage.input_tokens', value: { intValue: '1000000' } },
        ],
      };
    });
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: 'test' }, spans }] }] });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${stack.otlpUrl}/v1/traces`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
  }
}

/** Prices all calls again through the running stack; resolves to what it answered, to undefined where it died. */
async function repriceAll(stack: CostelProcess, nowMs: number): Promise<Record<string, unknown> | undefined> {
  const { token } = JSON.parse(readFileSync(join(stack.dataDirectory, 'run.json'), 'utf8')) as { token: string };
  const from = new Date(nowMs - (DAYS + 1) * DAY_MS).toISOString();
  const query = new URLSearchParams({ from, to: new Date(nowMs).toISOString(), apply: 'true' });
  const answering = fetch(`${stack.apiUrl}/reprice?${query.toString()}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  const response = await answering.catch(() => undefined);
  const answer = (await response?.json().catch(() => undefined)) as Record<string, unknown> | undefined;
  if (response?.ok === false) throw new Error(`the stack refused: ${JSON.stringify(answer)}`);
  return answer;
}

describe('the stack, killed with SIGKILL while it prices history again', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  it(`shows the old total or the new one and nothing between, over ${KILLS} kills, and finishes when asked again`, async () => {
    const random = new Random(settings.seed, 'kill-reprice');
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-reprice-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const stack = await CostelProcess.prepare(join(directory, 'data'));
    undo.push(() => stack.kill());
    const nowMs = Date.now();
    let usdPerMillion = 2;
    putPrice(stack.dataDirectory, usdPerMillion, 1);
    await stack.start();
    await sendCalls(stack, random, nowMs);
    const totalOf = (price: number): string => String(CALLS * price);
    const until = async (expected: string): Promise<void> => {
      for (;;) {
        const { calls, cost_usd: cost, unpriced_calls: unpriced } = await stack.total(DAYS + 2);
        if (calls === CALLS && unpriced === 0 && cost === expected) return;
        await delay(50);
      }
    };
    await until(totalOf(usdPerMillion));

    let fullMs = 2000;
    let interrupted = 0;
    const seen = { old: 0, next: 0 };
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = totalOf(usdPerMillion);
      usdPerMillion = usdPerMillion === 2 ? 3 : 2;
      const after = totalOf(usdPerMillion);
      putPrice(stack.dataDirectory, usdPerMillion, kill + 2);
      const look = async (moment: string): Promise<void> => {
        const total = await stack.total(DAYS + 2);
        if (total.cost_usd === before) seen.old += 1;
        else seen.next += 1;
        const isOneOfTwo = [before, after].includes(total.cost_usd);
        expect(
          { kill, moment, ...total, isOneOfTwo },
          `${moment}, kill ${kill}: ${total.cost_usd} is neither`,
        ).toMatchObject({
          isOneOfTwo: true,
          calls: CALLS,
          unpriced_calls: 0,
        });
      };
      const dying = repriceAll(stack, nowMs);
      const killAtMs = performance.now() + random.below(Math.ceil(fullMs * 1.2));
      while (performance.now() < killAtMs) {
        await look('before the kill');
        await delay(20);
      }
      await stack.kill();
      if ((await dying) === undefined) interrupted += 1;

      await stack.start();
      await look('at once after the restart');
      await stack.untilReady();
      await look('when all work was done once');
      const startedAt = performance.now();
      expect(await repriceAll(stack, nowMs)).toMatchObject({ applied: true, unpriced_after: 0 });
      fullMs = Math.max(200, performance.now() - startedAt);
      await until(after);
    }
    const { reprices } = (await (await fetch(`${stack.apiUrl}/reprices`)).json()) as {
      reprices: readonly { state: string }[];
    };
    expect(reprices.filter(({ state }) => state === 'applied').length).toBeGreaterThanOrEqual(KILLS);
    expect(interrupted).toBeGreaterThan(0);
    printFigure('kill -9 while history is priced again', {
      kills: KILLS,
      'of them before it was done': interrupted,
      calls: CALLS,
      'reads that saw the old total': seen.old,
      'the new one': seen.next,
      'another one': 0,
    });
  });
});
