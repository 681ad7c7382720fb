import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  budgetGuard,
  BudgetExceededError,
  instrumentModule,
  overshootBoundUsd,
  type BudgetGuard,
} from '../../src/index.js';
import { CallEstimates } from '../../src/guard/estimate-call.js';
import { resolveGuardOptions } from '../../src/guard/guard-config.js';
import { DiagLines } from '../support/diag-lines.js';
import { CHAT_MODEL, chatJson } from '../support/openai-replies.js';
import { ProviderServer } from '../support/provider-server.js';
import { loadOpenAi } from '../support/sdk-copies.js';
import { until } from '../support/telemetry.js';

const server = new ProviderServer();
const log = new DiagLines();
/** Answers the guard with what the test says; leaves it without an answer where that is undefined. */
let reply: { status: number; body: object } | undefined;
const reports: { readonly authorization: string | undefined; readonly body: Record<string, unknown> }[] = [];
const aggregator = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    reports.push({ authorization: request.headers.authorization, body: JSON.parse(body) as Record<string, unknown> });
    if (reply !== undefined) response.writeHead(reply.status).end(JSON.stringify(reply.body));
  });
});
let guards: BudgetGuard[] = [];

beforeAll(async () => {
  await server.start();
  await new Promise<void>((done) => aggregator.listen(0, '127.0.0.1', done));
});
afterEach(() => {
  for (const guard of guards) guard.stop();
  guards = [];
  reports.length = 0;
});
afterAll(async () => {
  log.stop();
  await server.stop();
  aggregator.closeAllConnections();
  aggregator.close();
});

const url = (): string => `http://127.0.0.1:${(aggregator.address() as AddressInfo).port}`;

/** A port on which nothing listens. */
const CLOSED = 'http://127.0.0.1:9';

function start(config: Parameters<typeof budgetGuard>[0]): BudgetGuard {
  const guard = budgetGuard({ url: url(), token: 'secret-token', ...config });
  guards.push(guard);
  return guard;
}

function standing(spentUsd: string, grantedUsd: string): { status: number; body: object } {
  const budget = {
    id: 'month',
    revision: 'r1',
    name: 'month',
    filters: {},
    group_by: [],
    limit_usd: '1',
    period: { start: new Date(Date.now() - 1e6).toISOString(), end: new Date(Date.now() + 1e6).toISOString() },
    unlisted_at_most_usd: '0',
    scopes: [{ scope: {}, spent_usd: spentUsd, granted_usd: grantedUsd, pending: false }],
  };
  return { status: 200, body: { as_of: new Date().toISOString(), guards: 1, counted: [], budgets: [budget] } };
}

const { OpenAI } = instrumentModule(loadOpenAi('openai-7', true), {});
const ask = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'two and two?' }], max_tokens: 100 };

async function call(model: string = CHAT_MODEL): Promise<'made' | BudgetExceededError> {
  server.replies(chatJson());
  const client = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0, logLevel: 'off' });
  try {
    await client.chat.completions.create({ ...ask, model });
    return 'made';
  } catch (error) {
    if (error instanceof BudgetExceededError) return error;
    throw error;
  }
}

describe('an aggregator out of reach', () => {
  it('lets calls go ahead by default and says so once', async () => {
    const guard = start({ url: CLOSED, refreshMs: 100 });
    for (let look = 0; look < 3; look += 1) expect(await guard.refresh()).toBe(false);
    expect(await call()).toBe('made');
    expect(log.matching('does not say how the budgets stand')).toHaveLength(1);
    expect(await guard.ready(50)).toBe(false);
  });

  it('is told to the application where it asks to be told, once', async () => {
    const told: string[] = [];
    const before = log.matching('does not say how the budgets stand').length;
    const guard = start({ url: CLOSED, refreshMs: 100, onOutage: (message) => told.push(message) });
    for (let look = 0; look < 3; look += 1) await guard.refresh();
    expect(told).toEqual([
      expect.stringContaining('does not say how the budgets stand (ECONNREFUSED); calls are allowed'),
    ]);
    expect(log.matching('does not say how the budgets stand')).toHaveLength(before);
  });

  it('stops calls where that was asked for', async () => {
    start({ url: CLOSED, whenUnknown: 'refuse' });
    expect(await call()).toMatchObject({ code: 'budget_unknown' });
    expect(server.seen).toHaveLength(0);
  });

  it('that accepts and never answers holds up neither a call nor the end of the guard', async () => {
    reply = undefined;
    const guard = start({});
    await until(() => reports.length === 1, 'the aggregator to be asked');
    expect(await call()).toBe('made');
    guard.stop();
  });

  it('counts as unknown once its last answer is too old', async () => {
    reply = standing('1', '0');
    const guard = start({ maxStateAgeMs: 2000, refreshMs: 100 });
    expect(await guard.ready()).toBe(true);
    expect(await call()).toMatchObject({ code: 'budget_exceeded' });
    reply = undefined;
    await until(async () => (await call()) === 'made', 'the answer to be too old');
  });
});

describe('a guard', () => {
  it('refuses what has no room and says what and why, without a request', async () => {
    reply = standing('0.9995', '0.0005');
    const guard = start({});
    expect(await guard.ready()).toBe(true);
    const error = await call();
    expect(error).toMatchObject({
      name: 'BudgetExceededError',
      code: 'budget_exceeded',
      budget: 'month',
      limitUsd: '1',
      spentUsd: '0.9995',
      heldUsd: '0',
    });
    // 100 tokens out at $10 a million, and the estimated input and a quarter at $2.50.
    expect((error as BudgetExceededError).neededUsd).toBe('0.001025');
    expect(server.seen).toHaveLength(0);
    expect(guard.status()).toMatchObject([{ budget: 'month', roomUsd: '0.0005' }]);
  });

  it('shows its token, and names no prompt, answer or user', async () => {
    reply = standing('0', '1');
    const guard = start({});
    await guard.ready();
    await call();
    await guard.refresh();
    await guard.refresh();
    expect(reports.every(({ authorization }) => authorization === 'Bearer secret-token')).toBe(true);
    const text = JSON.stringify(reports);
    expect(text).not.toContain('two and two');
    expect(text).not.toContain('four');
    expect(log.lines.join('\n')).not.toContain('secret-token');
  });

  it('asks for a token where the aggregator wants one', async () => {
    reply = { status: 401, body: {} };
    const guard = start({});
    expect(await guard.refresh()).toBe(false);
    expect(log.matching('COSTEL_GUARD_TOKEN').length).toBeGreaterThan(0);
  });

  it('takes an answer that it cannot read for none', async () => {
    reply = { status: 200, body: { budgets: 'none' } };
    const guard = start({ whenUnknown: 'refuse' });
    expect(await guard.refresh()).toBe(false);
    expect(await call()).toMatchObject({ code: 'budget_unknown' });
  });

  it('hands a call without room to the application, whose refusal, error or promise refuses it', async () => {
    reply = standing('1', '0');
    const seen: unknown[] = [];
    const answers: (() => unknown)[] = [
      () => ({ ...ask, model: 'gpt-4o-mini' }),
      () => undefined,
      () => {
        throw new Error('no idea');
      },
      () => Promise.resolve(ask),
    ];
    for (const answer of answers) {
      const guard = start({
        downgrade: (call, refusal) => {
          seen.push([call.model, refusal.budget]);
          return answer() as Record<string, unknown> | undefined;
        },
      });
      await guard.ready();
      const result = await call();
      if (answer === answers[0]) {
        expect(result).toBe('made');
        expect(server.seen.map(({ body }) => body['model'])).toEqual(['gpt-4o-mini']);
      } else expect(result).toMatchObject({ code: 'budget_exceeded' });
      guard.stop();
    }
    expect(seen).toEqual(answers.map(() => [CHAT_MODEL, 'month']));
  });

  it('refuses calls that the downgrade function makes itself without asking it: it asked until the stack was full', async () => {
    reply = standing('1', '0');
    const inner: unknown[] = [];
    let asked = 0;
    const guard = start({
      downgrade: () => {
        asked += 1;
        // Without an end where each of its own calls asks it again.
        if (asked < 50) inner.push(call('gpt-4o-mini'));
        return undefined;
      },
    });
    await guard.ready();
    expect(await call()).toMatchObject({ code: 'budget_exceeded' });
    expect(await Promise.all(inner)).toMatchObject([{ code: 'budget_exceeded' }]);
    expect(asked).toBe(1);
    expect(await call()).toMatchObject({ code: 'budget_exceeded' });
    expect(asked).toBe(2);
  });

  it('lets a model without a price through unless it was told to refuse the unknown, and says so', async () => {
    reply = standing('0', '1');
    const open = start({});
    await open.ready();
    expect(await call('a-model-of-ours')).toBe('made');
    expect(log.matching('no price is known of chat a-model-of-ours')).toHaveLength(1);
    open.stop();
    const closed = start({ whenUnknown: 'refuse' });
    await closed.ready();
    expect(await call('a-model-of-ours')).toMatchObject({ code: 'budget_unknown' });
  });

  it('that is stopped holds calls to nothing', async () => {
    reply = standing('1', '0');
    const guard = start({});
    await guard.ready();
    guard.stop();
    expect(await call()).toBe('made');
  });

  it('makes no request of its own for a call', async () => {
    reply = standing('0', '1');
    const guard = start({ refreshMs: 600_000 });
    await guard.ready();
    const before = reports.length;
    for (let index = 0; index < 20; index += 1) expect(await call()).toBe('made');
    expect(reports.length).toBe(before);
  });
});

describe('what a call reserves', () => {
  const estimates = new CallEstimates({ reservedOutputTokens: 4096, reserveUsd: undefined });
  const guarded = (request: Record<string, unknown>, operation = 'chat') => ({
    provider: 'openai',
    model: 'gpt-4o',
    operation,
    attribution: {},
    request,
  });
  const usd = (request: Record<string, unknown>): number => Number(estimates.of(guarded(request), Date.now())) / 1e12;

  it.each([
    [{ max_tokens: 1000 }, 0.01],
    [{ max_completion_tokens: 1000 }, 0.01],
    [{ max_output_tokens: 1000, n: 1 }, 0.01],
    [{ max_tokens: 1000, n: 3 }, 0.03],
    [{ config: { maxOutputTokens: 1000 } }, 0.01],
    [{ inferenceConfig: { maxTokens: 1000 } }, 0.01],
    [{}, 0.04096],
    [{ max_tokens: 100_000 }, 0.04096],
  ])('of a request with %j is %d dollars of output', (request, expected) => {
    expect(usd(request)).toBeCloseTo(expected, 12);
  });

  it.each([-1, '-0.5', Number.NaN, Number.POSITIVE_INFINITY, 'a lot', new Error('none')])(
    'is the estimate where reserveUsd gives no amount: %s made room, or let calls pass unguarded',
    (own) => {
      const reserveUsd = (): number | string => {
        if (own instanceof Error) throw own;
        return own;
      };
      const careless = new CallEstimates({ reservedOutputTokens: 4096, reserveUsd });
      const asked = guarded({ max_tokens: 1000 });
      expect(careless.of(asked, Date.now())).toBe(estimates.of(asked, Date.now()));
    },
  );

  it('is the most that a call of its kind cost so far, where no request tells', () => {
    const image = { ...guarded({ prompt: 'x' }, 'image_generation'), model: 'an-image-model' };
    expect(estimates.of(image, Date.now())).toBeUndefined();
    estimates.learn(image, 5n as never);
    estimates.learn(image, 3n as never);
    expect(estimates.of(image, Date.now())).toBe(5n);
  });
});

describe('the stated bound', () => {
  it('is calls that fit times what each costs beyond its reservation', () => {
    const of = (callsInFlight: number, maxCallUsd = '0.02') =>
      overshootBoundUsd({ limitUsd: 1, reservedUsd: '0.0125', maxCallUsd, callsInFlight });
    expect(of(200)).toBe('0.6');
    expect(of(10)).toBe('0.075');
    expect(of(200, '0.0125')).toBe('0');
    expect(() => overshootBoundUsd({ limitUsd: 1, reservedUsd: 0, maxCallUsd: 1, callsInFlight: 1 })).toThrow(
      RangeError,
    );
  });
});

describe('options', () => {
  it('come from the environment where none are given', () => {
    const options = resolveGuardOptions(undefined, {
      COSTEL_URL: 'https://costel.example.com/',
      COSTEL_GUARD_TOKEN: 't',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop,deployment.environment.name=staging%20two',
    });
    expect(options).toMatchObject({
      url: 'https://costel.example.com',
      token: 't',
      service: 'shop',
      environment: 'staging two',
      whenUnknown: 'allow',
    });
  });

  it.each([{ url: 'ftp://x' }, { refreshMs: 1 }, { holdMs: Number.NaN }, { url: 'no url' }])(
    'that cannot guard are an error at once: %j',
    (config) => {
      expect(() => budgetGuard(config)).toThrow();
    },
  );
});
