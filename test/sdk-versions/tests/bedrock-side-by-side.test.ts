import { createRequire } from 'node:module';
import type { TracerProvider } from '@opentelemetry/api';
import type * as OtelApi from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor, llmInstrumentations } from '../../../packages/instrumentation/src/index.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { copyFolder } from './load-sdk.js';
import { BedrockServer } from './support/bedrock-server.js';
import {
  bedrockConfig,
  CONVERSE_BUCKETS,
  CONVERSE_INPUT,
  converseJson,
  converseStream,
  NOVA,
  type BedrockModule,
} from './support/bedrock.js';

interface Instrumentation {
  disable(): void;
}

const require = createRequire(`${copyFolder('bedrock-3')}package.json`);
const server = new BedrockServer();
const telemetry = new Telemetry([new CostSpanProcessor()]);
registerForAll();
beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

/**
 * Registers the same providers by the newest API in the process: AWS's instrumentation brings one that is newer than
 * ours, and a newer one does not talk to what an older one has registered, while the other way round it does.
 */
function registerForAll(): void {
  const ours = createRequire(new URL('../../../package.json', import.meta.url))('@opentelemetry/api') as typeof OtelApi;
  const newest = require('@opentelemetry/api') as typeof OtelApi;
  const proxy = ours.trace.getTracerProvider() as unknown as { getDelegate(): TracerProvider };
  const [tracers, meters] = [proxy.getDelegate(), ours.metrics.getMeterProvider()];
  Reflect.deleteProperty(globalThis, Symbol.for('opentelemetry.js.api.1'));
  newest.trace.setGlobalTracerProvider(tracers);
  newest.metrics.setGlobalMeterProvider(meters);
  newest.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

/** Loads the SDK and all that it stands on anew, so that both instrumentations see it. */
function loadSdk(): BedrockModule {
  for (const file of Object.keys(require.cache)) {
    if (/\/node_modules\/(?:@smithy|@aws-sdk)\//.test(file)) Reflect.deleteProperty(require.cache, file);
  }
  return require('@aws-sdk/client-bedrock-runtime') as BedrockModule;
}

function awsInstrumentation(): Instrumentation {
  const { AwsInstrumentation } = require('@opentelemetry/instrumentation-aws-sdk') as {
    readonly AwsInstrumentation: new () => Instrumentation;
  };
  return new AwsInstrumentation();
}

const ORDERS: readonly (readonly [string, () => readonly (Instrumentation | undefined)[]])[] = [
  ['ours first', () => [...llmInstrumentations(), awsInstrumentation()]],
  ["AWS's first", () => [awsInstrumentation(), ...llmInstrumentations()]],
];

describe.each(ORDERS)("beside OpenTelemetry's own instrumentation of the AWS SDK, %s", (_name, register) => {
  let instrumentations: readonly (Instrumentation | undefined)[] = [];
  let module: BedrockModule;
  beforeAll(() => {
    instrumentations = register();
    module = loadSdk();
  });
  afterAll(() => {
    for (const instrumentation of instrumentations) instrumentation?.disable();
  });

  it('counts a call once, in a stream as in an answer', async () => {
    const client = new module.BedrockRuntimeClient(bedrockConfig(server.url));
    server.replies(converseJson(), converseStream());
    await client.send(new module.ConverseCommand(CONVERSE_INPUT));
    const { stream } = await client.send(new module.ConverseStreamCommand(CONVERSE_INPUT));
    for await (const event of stream ?? []) expect(event).toBeDefined();
    client.destroy();

    const scopes = telemetry.spans.map(({ instrumentationScope }) => instrumentationScope.name);
    expect(new Set(scopes)).toEqual(new Set(['@costel/instrumentation', '@opentelemetry/instrumentation-aws-sdk']));
    const points = await telemetry.points('costel.cost');
    const total = points.reduce((sum, { value }) => sum + Number(value), 0);
    expect(total).toBeCloseTo(2 * Number(costOf('aws.bedrock', NOVA, CONVERSE_BUCKETS)), 12);
  });
});
