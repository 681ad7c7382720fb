import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CostSpanProcessor } from '../../../packages/instrumentation/src/index.js';
import { messageJson, messageSse } from '../../../packages/instrumentation/test/support/anthropic-replies.js';
import { chatJson, chatSse } from '../../../packages/instrumentation/test/support/openai-replies.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { startStack, waitFor, type RunningStack } from '../../support/stack.js';
import { CHAT_USD, MESSAGE_USD, named } from './nested-calls.js';
import { NESTED_CASES } from './nested-cases.js';
import { SIDE_BY_SIDE } from './nested-peers.js';
import { CONVERSE_USD, requested, SIDE_BY_SIDE_OF_OTHERS } from './nested-peers-of-others.js';
import { context, exportTo, trace } from './otel-api.js';
import { BedrockServer } from './support/bedrock-server.js';
import { converseJson, converseStream } from './support/bedrock.js';

interface Told {
  /** What the process counted, in dollars. */
  readonly counted: number;
  readonly traceId: string;
  /** Who else reported spans of the trace. */
  readonly peers: readonly string[];
  /** Why a case could not run. */
  readonly error?: unknown;
}

/** What an application with Sentry's instrumentation and ours tells of its calls. */
interface ToldBySentryApp {
  readonly traceId: string;
  readonly counted: number;
  /** Spans of Sentry's own with tokens, by what they are of. */
  readonly ofSentry: Readonly<Record<string, number>>;
}

const SENTRY_APP = fileURLToPath(new URL('support/sentry-app.mjs', import.meta.url));

const server = new ProviderServer();
const bedrock = new BedrockServer();
/** Two answers and two streams each of OpenAI and of Anthropic, one each of Bedrock. */
const SENTRY_APP_USD = 4 * CHAT_USD + 4 * MESSAGE_USD + 2 * CONVERSE_USD;
/** By who was registered first. */
const SENTRY_ORDERS = ['sentry first', 'ours first'] as const;
const besideSentry = new Map<string, ToldBySentryApp>();
const told = new Map<string, Told>();
const ledger = new Map<string, number>();
let stack: RunningStack;

/** Dollars by trace, as the ledger counts them now. */
async function readLedger(): Promise<void> {
  const sql = `SELECT trace_id, toString(sum(cost_usd)) AS usd FROM costel.llm_calls_final WHERE counted = 1
    GROUP BY trace_id FORMAT JSONEachRow`;
  const response = await fetch(stack.clickhouseUrl, { method: 'POST', body: sql });
  if (!response.ok) throw new Error(await response.text());
  ledger.clear();
  for (const line of (await response.text()).split('\n').filter(Boolean)) {
    const { trace_id: traceId, usd } = JSON.parse(line) as { trace_id: string; usd: string | null };
    ledger.set(traceId, Number(usd));
  }
}

const isClose = (left: number, right: number): boolean => Math.abs(left - right) < 1e-12;

beforeAll(async () => {
  await server.start();
  await bedrock.start();
  stack = await startStack();
  const exporting = exportTo(stack.otlpUrl);
  const telemetry = new Telemetry([new CostSpanProcessor(), exporting]);
  for (const { name, run } of NESTED_CASES) {
    await telemetry.reset();
    const root = trace.getTracer('app').startSpan('request');
    let error: unknown;
    await context
      .with(trace.setSpan(context.active(), root), async () => run(server))
      .catch((thrown: unknown) => {
        error = thrown;
      });
    root.end();
    const points = await telemetry.points('costel.cost');
    const counted = points.reduce((sum, { value }) => sum + Number(value), 0);
    const scopes = telemetry.spans.map(({ instrumentationScope }) => instrumentationScope.name);
    const peers = scopes.filter((scope) => scope !== 'app' && !scope.startsWith('@costel/'));
    told.set(name, { counted, peers, traceId: root.spanContext().traceId, error });
  }
  await exporting.forceFlush();
  telemetry.stop();
  for (const order of SENTRY_ORDERS) {
    const answers = [chatJson, chatSse, messageJson, messageSse, messageJson, messageSse, chatJson, chatSse];
    server.replies(...answers.map((reply, index) => named(reply(), `answer-${index}`)));
    bedrock.replies(requested(converseJson(), 'request-1'), requested(converseStream(), 'request-2'));
    const args = [SENTRY_APP, server.url, bedrock.url, stack.otlpUrl, order];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    besideSentry.set(order, JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ToldBySentryApp);
  }
  const isAtRest = async (): Promise<boolean> => {
    await readLedger();
    for (const { traceId } of besideSentry.values())
      if (!isClose(ledger.get(traceId) ?? 0, SENTRY_APP_USD)) return false;
    return NESTED_CASES.every(({ name, usd }) => isClose(ledger.get(told.get(name)?.traceId ?? '') ?? 0, usd));
  };
  // What never comes to rest is told by the tests below, case by case.
  await waitFor(isAtRest, 'the ledger to judge every trace').catch(() => undefined);
}, 360_000);
afterAll(async () => {
  await stack.stop();
  await bedrock.stop();
  await server.stop();
});

describe.each(NESTED_CASES)('each dollar once: $name', ({ name, usd }) => {
  it('in the process', () => {
    expect(told.get(name)?.error).toBeUndefined();
    expect(told.get(name)?.counted).toBeCloseTo(usd, 12);
  });

  it('in the ledger', () => {
    expect(ledger.get(told.get(name)?.traceId ?? '')).toBeCloseTo(usd, 12);
  });
});

describe.each([...SIDE_BY_SIDE, ...SIDE_BY_SIDE_OF_OTHERS])('the other instrumentation: $name', ({ name }) => {
  it('really runs, and reports the call too', () => {
    expect(told.get(name)?.peers).not.toEqual([]);
  });
});

describe.each(SENTRY_ORDERS)('each dollar once: Sentry in the same process, %s', (order) => {
  it('in the process, while Sentry reports the calls too', () => {
    const origins = Object.keys(besideSentry.get(order)?.ofSentry ?? {}).toSorted();
    expect(origins).toEqual(['auto.ai.anthropic', 'auto.ai.aws_sdk', 'auto.ai.langchain', 'auto.ai.openai']);
    expect(besideSentry.get(order)?.counted).toBeCloseTo(SENTRY_APP_USD, 12);
  });

  it('in the ledger', () => {
    expect(ledger.get(besideSentry.get(order)?.traceId ?? '')).toBeCloseTo(SENTRY_APP_USD, 12);
  });
});
