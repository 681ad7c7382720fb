import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { finishOpenCalls, instrumentModule, withCostAttribution } from '../../../packages/instrumentation/src/index.js';
import { ProviderServer, silence } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { drain, quietly } from './support/canaries.js';
import { MISSABLE_SDKS, type AskOptions } from './support/missable-sdks.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

describe.each(MISSABLE_SDKS)('a call of $copy is one span that is not free', (sdk) => {
  const module = instrumentModule(sdk.load(), {});
  const ask = (options: AskOptions = {}) => sdk.ask(module, server.url, options);
  /** What the spans say; an SDK's own spans of its requests are no calls. */
  const told = () =>
    telemetry.spans.flatMap(({ attributes }) =>
      attributes['costel.usage.quality'] === undefined ? [] : [attributes['costel.usage.quality']],
    );
  const isFree = () => telemetry.spans.some(({ attributes }) => attributes['costel.cost.usd'] === '0');
  const expectOne = (...qualities: readonly string[]) => {
    expect(told()).toHaveLength(1);
    expect(qualities).toContain(told()[0]);
    expect(isFree()).toBe(false);
  };

  it('that nobody awaits', async () => {
    server.replies(sdk.answer());
    void ask();
    await until(() => server.seen.length === 1, 'the request came');
    await new Promise((resolve) => setTimeout(resolve, 50));
    finishOpenCalls();
    // An SDK that parses when it is awaited never sees the usage of an answer that nobody wants.
    expectOne('reported', 'estimated');
  });

  it('whose stream is read to its end', async () => {
    server.replies(sdk.streamed());
    await drain(await ask({ stream: true }));
    expectOne('reported', 'estimated');
  });

  it('whose stream is never read', async () => {
    server.replies(sdk.streamed());
    await ask({ stream: true });
    expect(told()).toEqual([]);
    finishOpenCalls();
    expectOne('estimated');
  });

  it('whose stream is broken off', async () => {
    server.replies(sdk.streamed({ hold: true }));
    for await (const _ of (await ask({ stream: true })) as AsyncIterable<unknown>) break;
    await until(() => told().length > 0, 'the call ended');
    expectOne('estimated');
  });

  it('that is aborted before the answer', async () => {
    server.replies(silence);
    const over = new AbortController();
    const asked = quietly(() => ask({ signal: over.signal }));
    await until(() => server.seen.length === 1, 'the request came');
    over.abort();
    await asked;
    expectOne('missing');
  });

  it('whose stream is aborted after its first chunk', async () => {
    server.replies(sdk.streamed({ hold: true }));
    const over = new AbortController();
    await quietly(async () => {
      for await (const _ of (await ask({ stream: true, signal: over.signal })) as AsyncIterable<unknown>) over.abort();
    });
    await until(() => told().length > 0, 'the call ended');
    expectOne('estimated');
  });

  const { busy } = sdk;
  if (busy !== undefined)
    it('that the SDK repeats', async () => {
      server.replies(busy(), sdk.answer());
      await ask({ retries: 2 });
      expect(server.seen).toHaveLength(2);
      expectOne('reported');
    });

  if (sdk.hasTimeout)
    it('that times out', async () => {
      server.replies(silence);
      await quietly(() => ask({ timeoutMs: 100 }));
      expectOne('missing');
    });

  it('each, where many run at once, under its own attribution', async () => {
    server.replies(sdk.answer());
    const features = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    await Promise.all(features.map((feature) => withCostAttribution({ feature }, () => ask())));
    expect(told()).toEqual(features.map(() => 'reported'));
    expect(new Set(telemetry.spans.flatMap(({ attributes }) => attributes['costel.feature'] ?? []))).toEqual(
      new Set(features),
    );
    expect(isFree()).toBe(false);
  });
});
