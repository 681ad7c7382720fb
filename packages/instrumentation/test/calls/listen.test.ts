import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { callThrough } from '../../src/calls/intercept.js';
import { listenInside, listenToPromise } from '../../src/calls/listen.js';
import type { Listen, SdkDefinition } from '../../src/sdks/sdk-definition.js';
import { Recorder } from '../../src/telemetry/recorder.js';
import { collect, unhandledDuring } from '../conformance/observe.js';
import { untilCollected } from '../support/collect-garbage.js';
import { Telemetry } from '../support/telemetry.js';

const telemetry = new Telemetry();
beforeEach(() => telemetry.reset());
afterAll(() => {
  telemetry.stop();
});

const USAGE = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
const ANSWER = { id: 'a', model: 'gpt-4o', choices: [], usage: USAGE };
const chunk = (content: string) => ({ id: 'a', model: 'gpt-4o', choices: [{ delta: { content } }] });

const SDK: SdkDefinition = {
  moduleName: 'an-sdk',
  clientExports: ['Client'],
  tested: { from: [1, 0], below: [2, 0] },
  methods: [],
  defaultProvider: 'openai',
  providerByClass: {},
  readRequest: () => ({ model: 'gpt-4o', stream: false }),
  readServer: (self) => ({ client: self, baseUrl: 'http://127.0.0.1:1' }),
};

/** Calls a function as a method of an SDK that is listened to so. */
function call(listen: Listen, method: (request: unknown) => unknown): unknown {
  return callThrough(method, {}, [{ prompt: 'what is two and two?' }], {
    recorder: new Recorder({}),
    sdk: SDK,
    method: { resourcePath: [], method: 'ask', api: 'chat.completions', operation: 'chat', listen },
  });
}

const attributes = () => telemetry.onlySpan.attributes;

describe.each([
  ['listenToPromise', listenToPromise()],
  ['listenInside', listenInside()],
])('%s', (name, listen) => {
  it('reports the answer that a promise resolves to', async () => {
    const promise = call(listen, () => Promise.resolve(ANSWER));
    expect(Object.getPrototypeOf(promise)).toBe(Promise.prototype);
    expect(await promise).toBe(ANSWER);
    expect(attributes()).toMatchObject({ 'gen_ai.usage.input_tokens': 7, 'costel.usage.quality': 'reported' });
  });

  it('reports the error that a promise rejects with, and passes it on', async () => {
    const error = Object.assign(new RangeError('no'), { statusCode: 429 });
    await expect(call(listen, () => Promise.reject(error))).rejects.toBe(error);
    expect(attributes()).toMatchObject({ 'error.type': 'RangeError', 'http.response.status_code': 429 });
  });

  it('passes an error on that is thrown before there is a promise', () => {
    const error = new TypeError('no');
    expect(() =>
      call(listen, () => {
        throw error;
      }),
    ).toThrow(error);
    expect(attributes()).toMatchObject({ 'error.type': 'TypeError' });
  });

  it('hands on what is no promise, unheard', () => {
    expect(call(listen, () => 'text')).toBe('text');
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'raw_response', 'costel.usage.quality': 'missing' });
  });

  it('reports a generator that a promise resolves to, and the loop over it that is left', async () => {
    async function* generate() {
      await Promise.resolve();
      yield chunk('two and two ');
      yield chunk('make four');
      yield { ...chunk(''), choices: [], usage: USAGE };
    }
    const whole = (await call(listen, () => Promise.resolve(generate()))) as AsyncGenerator;
    expect(Object.keys(whole)).toEqual([]);
    expect(((await collect(whole)) as { items: unknown[] }).items).toHaveLength(3);
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'reported', 'gen_ai.usage.output_tokens': 3 });

    await telemetry.reset();
    for await (const _ of (await call(listen, () => Promise.resolve(generate()))) as AsyncGenerator) break;
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': 6,
      'gen_ai.usage.output_tokens': 4,
    });
  });

  it('reports each stream of a class by its own iterators, and one that is dropped', async () => {
    class Stream {
      readonly #text: string;
      constructor(text: string) {
        this.#text = text;
      }
      async *[Symbol.asyncIterator](): AsyncGenerator {
        yield await Promise.resolve(chunk(this.#text));
      }
    }
    const open = async (text: string) => (await call(listen, () => Promise.resolve(new Stream(text)))) as Stream;
    const [short, long] = [await open('four'), await open('two and two make four')];
    expect(Reflect.ownKeys(short)).toEqual([]);
    await collect(long);
    await collect(short);
    expect(telemetry.spans.map((span) => span.attributes['gen_ai.usage.output_tokens'])).toEqual([6, 2]);
    expect(await collect(new Stream('unheard'))).toEqual({ items: [chunk('unheard')] });
    expect(telemetry.spans).toHaveLength(2);

    await telemetry.reset();
    await open('dropped');
    await untilCollected(() => telemetry.spans.length > 0, 'the dropped stream was noticed');
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'abandoned', 'costel.usage.quality': 'estimated' });
  });

  it('asks for a chunk when the caller does, no sooner, and lets it go', async () => {
    let made = 0;
    async function* generate() {
      for (;;) {
        made += 1;
        yield await Promise.resolve(chunk(`${made}`));
      }
    }
    const stream = (await call(listen, () => Promise.resolve(generate()))) as AsyncGenerator;
    const next = async (): Promise<WeakRef<object>> => new WeakRef((await stream.next()).value as object);
    const chunks = [await next(), await next(), await next(), await next(), await next()];
    expect(made).toBe(chunks.length);
    const kept = () => chunks.filter((reference) => reference.deref() !== undefined).length;
    // The last one may be held until the next.
    await untilCollected(() => kept() <= 1, 'the chunks were let go');
    await stream.return(undefined);
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'broken_off' });
  });

  it('leaves an error unhandled that nobody awaits, unless the SDK itself does', async () => {
    const fail = () => Promise.reject(new RangeError('no'));
    const seen = await unhandledDuring(() => {
      void call(listen, fail);
    });
    expect(seen).toHaveLength(name === 'listenInside' ? 0 : 1);
  });
});

describe('listenToPromise', () => {
  it('hands on a promise of a class of its own as it is', async () => {
    class ApiPromise<Value> extends Promise<Value> {}
    const promise = ApiPromise.resolve(ANSWER);
    expect(call(listenToPromise(), () => promise)).toBe(promise);
    expect(await promise).toBe(ANSWER);
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'raw_response' });
  });
});
