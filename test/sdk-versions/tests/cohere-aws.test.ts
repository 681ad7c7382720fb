import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { collect } from '../../../packages/instrumentation/test/conformance/observe.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { forgetPackages, loadSdk } from './load-sdk.js';

/*
 * Cohere's clients for AWS have no address of their own to set: what they fetch is answered here, and is told to come from
 * the address that they asked.
 */

interface Client {
  chat(request: object): Promise<Record<string, unknown>>;
  chatStream(request: object): Promise<AsyncIterable<unknown>>;
  embed(request: object): Promise<Record<string, unknown>>;
}

type ClientClass = new (options: object) => Client;

interface CohereModule {
  readonly BedrockClient: ClientClass;
  readonly BedrockClientV2: ClientClass;
  readonly SagemakerClient: ClientClass;
}

const COPIES = ['cohere-7', 'cohere-8'] as const;
const MODEL = 'cohere.command-text-v14';
const AWS = { awsRegion: 'us-east-1', awsAccessKey: 'AKIACANARY', awsSecretKey: 'secret-canary' };

/** From version 8 on these clients are a module of their own. */
function load(copy: string): CohereModule {
  forgetPackages(['cohere-ai']);
  return loadSdk(copy, copy === 'cohere-7' ? 'cohere-ai' : 'cohere-ai/aws') as CohereModule;
}

const plain = new Map(COPIES.map((copy) => [copy, load(copy)]));
const telemetry = new Telemetry();
const patched = new Map(COPIES.map((copy) => [copy, instrumentModule(load(copy))]));

beforeEach(() => telemetry.reset());
afterEach(() => {
  vi.unstubAllGlobals();
});
afterAll(() => {
  telemetry.stop();
});

const COUNTS = { 'x-amzn-bedrock-input-token-count': '120', 'x-amzn-bedrock-output-token-count': '15' };
const asked: string[] = [];

function answerWith(body: string, headers: Readonly<Record<string, string>> = {}): void {
  asked.length = 0;
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    const response = new Response(body, { headers: { 'content-type': 'application/json', ...headers } });
    Object.defineProperty(response, 'url', { value: url });
    return Promise.resolve(response);
  });
}

const V1 = JSON.stringify({ text: 'four', generation_id: 'g-fixed', finish_reason: 'COMPLETE', chat_history: [] });
const V2 = JSON.stringify({
  id: 'c-fixed',
  finish_reason: 'COMPLETE',
  message: { role: 'assistant', content: [{ type: 'text', text: 'four' }] },
  usage: { billed_units: { input_tokens: 90, output_tokens: 9 } },
});

/** An event of Bedrock's stream, in the text that the SDK looks for in the frame. */
const framed = (event: object): string =>
  `:event-type chunk {"bytes":"${Buffer.from(JSON.stringify(event)).toString('base64')}"}\n`;

const STREAM = [
  framed({ event_type: 'text-generation', is_finished: false, text: 'four' }),
  framed({
    event_type: 'stream-end',
    is_finished: true,
    finish_reason: 'COMPLETE',
    response: { text: 'four', generation_id: 'g-fixed', finish_reason: 'COMPLETE' },
    'amazon-bedrock-invocationMetrics': { inputTokenCount: 120, outputTokenCount: 15 },
  }),
].join('');

describe.each(COPIES)('%s', (copy) => {
  const moduleOf = (modules: typeof patched) => {
    const module = modules.get(copy);
    if (module === undefined) throw new Error(`${copy} is not installed`);
    return module;
  };
  const bedrock = (modules = patched): Client => new (moduleOf(modules).BedrockClient)(AWS);
  const COST = costOf('aws.bedrock', MODEL, { input: 120, output: 15 });

  it('counts a chat on Bedrock by the headers of its answer, at the price of Bedrock', async () => {
    answerWith(V1, COUNTS);
    await bedrock().chat({ model: MODEL, message: 'two and two?' });
    expect(asked[0]).toContain('https://bedrock-runtime.us-east-1.amazonaws.com/model/');
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.provider.name': 'aws.bedrock',
      'server.address': 'bedrock-runtime.us-east-1.amazonaws.com',
      'gen_ai.usage.input_tokens': 120,
      'costel.usage.quality': 'reported',
      'costel.region': 'us-east-1',
      'costel.cost.usd': COST,
    });
  });

  it('counts version 2 of the API on Bedrock by what it says was billed', async () => {
    answerWith(V2);
    await new (moduleOf(patched).BedrockClientV2)(AWS).chat({ model: MODEL, messages: [] });
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.usage.input_tokens': 90,
      'costel.usage.quality': 'reported',
    });
  });

  it('counts a stream on Bedrock by the metrics at its end', async () => {
    answerWith(STREAM);
    await collect(await bedrock().chatStream({ model: MODEL, message: 'two and two?' }));
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.usage.output_tokens': 15,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': COST,
    });
  });

  it('tells a call of SageMaker from one of Bedrock, and has no price for an endpoint of one’s own', async () => {
    answerWith(V1);
    await new (moduleOf(patched).SagemakerClient)(AWS).chat({ model: 'my-endpoint', message: 'two and two?' });
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.provider.name': 'aws.sagemaker',
      'server.address': 'runtime.sagemaker.us-east-1.amazonaws.com',
    });
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBeUndefined();
  });

  it('answers as without us', async () => {
    const seen = async (modules: typeof patched): Promise<unknown> => {
      answerWith(V1, COUNTS);
      const answer = await bedrock(modules).chat({ model: MODEL, message: 'two and two?' });
      answerWith(STREAM);
      return [answer, await collect(await bedrock(modules).chatStream({ model: MODEL, message: 'two and two?' }))];
    };
    expect(await seen(patched)).toEqual(await seen(plain));
  });
});
