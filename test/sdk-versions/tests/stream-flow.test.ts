import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { FLOW_SDKS, Source } from './support/flow-sdks.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const telemetry = new Telemetry();
beforeEach(() => telemetry.reset());
afterAll(() => {
  telemetry.stop();
});

/** Calls that were reported; spans of an SDK's own are none, and streams that other tests left may be collected meanwhile. */
const reported = () =>
  telemetry.spans.filter(
    ({ attributes }) => attributes['costel.cost.status'] !== undefined && attributes['costel.stream.end'] === undefined,
  );

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await turn();
}

/** Enough for anything that is under way without the reader to come to rest. */
const REST_TURNS = 60;
const MEBIBYTE = 1024 * 1024;
/** A hundred thousand chunks take seconds; the rest is for a busy machine. */
const LONG_TIMEOUT_MS = 600_000;
const MANY_CHUNKS = 100_000;
const MEASURED_AT = [0.2, 0.95];

/** What a stream may hold more of at its end than near its beginning: its SDK's own buffers, and the noise of the heap. */
const MAX_GROWTH_BYTES = 2 * MEBIBYTE;

/** The AI SDK keeps the whole answer for `result.text`, and takes a minute for so long a one: fewer, and only the difference. */
const KEEPING: readonly string[] = ['ai-7'];
const FEWER_CHUNKS = 3000;

describe.each(FLOW_SDKS)('a stream of $copy', (sdk) => {
  // What makes requests is patched in place in the second copy; the first is as its maker published it.
  /** What was seen without instrumentation. Some SDKs can be loaded only once in a process: that comes first. */
  let without: { readonly order: readonly string[]; readonly pulled: readonly number[]; readonly growth: number };
  let patched: unknown;
  const open = (module: unknown, source: Source, isPaced = true) => sdk.open(module as never, source, isPaced);

  /** The order of everything an application does around two streams at once, each step in its turn of the event loop. */
  async function orderOf(module: unknown): Promise<readonly string[]> {
    const log: string[] = [];
    let now = 0;
    const over = new AbortController();
    const clock = (async () => {
      while (!over.signal.aborted) {
        await turn();
        now += 1;
      }
    })();
    const read = async (name: string): Promise<void> => {
      const stream = open(module, new Source(sdk.wire, 4));
      log.push(`${name} asked`);
      void Promise.resolve().then(() => log.push(`${name} microtask`));
      process.nextTick(() => log.push(`${name} tick`));
      setImmediate(() => log.push(`${name} immediate ${now}`));
      let index = 0;
      for await (const _ of await stream) {
        log.push(`${name} chunk ${index} in turn ${now}`);
        index += 1;
      }
      log.push(`${name} ended in turn ${now}`);
    };
    await read('first');
    await read('second');
    over.abort();
    await clock;
    return log;
  }

  /** How many pieces the provider has sent when the reader has taken none, three, and no more. */
  async function pulledBy(module: unknown): Promise<readonly number[]> {
    const source = new Source(sdk.wire, 1000);
    const stream = await open(module, source);
    await turns(REST_TURNS);
    const pulled = [source.pulled];
    const iterator = stream[Symbol.asyncIterator]();
    for (let index = 0; index < 3; index += 1) {
      await iterator.next();
      await turns(REST_TURNS);
      pulled.push(source.pulled);
    }
    await iterator.return?.();
    await turns(REST_TURNS);
    return [...pulled, source.pulled];
  }

  /** Bytes that a long stream holds more near its end than near its beginning. */
  async function growthOf(module: unknown): Promise<number> {
    const chunks = KEEPING.includes(sdk.copy) ? FEWER_CHUNKS : MANY_CHUNKS;
    const source = new Source(sdk.wire, chunks);
    const stream = await open(module, source, false);
    const used: number[] = [];
    let index = 0;
    for await (const _ of stream) {
      index += 1;
      if (!MEASURED_AT.some((part) => index === chunks * part)) continue;
      await turns(2);
      collectGarbage();
      used.push(process.memoryUsage().heapUsed);
    }
    expect(index).toBeGreaterThan(chunks - 2);
    return (used[1] ?? 0) - (used[0] ?? 0);
  }

  beforeAll(async () => {
    const plain = sdk.load((module) => module);
    // What an SDK loads or compiles on its first use takes turns of its own.
    await orderOf(plain);
    await telemetry.reset();
    const order = await orderOf(plain);
    without = { order, pulled: await pulledBy(plain), growth: await growthOf(plain) };
    expect(reported()).toEqual([]);
    patched = sdk.load(instrumentModule);
    await orderOf(patched);
  }, LONG_TIMEOUT_MS);

  it('is seen in the same order and the same turns of the event loop', async () => {
    const together = await orderOf(patched);
    expect(reported()).toHaveLength(2);
    expect(together).toEqual(without.order);
  });

  it('is pulled no further than its reader wants', async () => {
    expect(await pulledBy(patched)).toEqual(without.pulled);
    expect(without.pulled.at(-1)).toBeLessThan(1000);
  });

  it(
    'that is long holds no more memory at its end than at its beginning',
    async () => {
      const together = await growthOf(patched);
      expect(reported()).toHaveLength(1);
      expect(together - without.growth).toBeLessThan(MAX_GROWTH_BYTES);
      if (!KEEPING.includes(sdk.copy)) expect(together).toBeLessThan(MAX_GROWTH_BYTES);
    },
    LONG_TIMEOUT_MS,
  );
});
