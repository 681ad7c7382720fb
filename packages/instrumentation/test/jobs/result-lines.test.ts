import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJsonLines } from '../../src/jobs/json-lines.js';
import { tapBytes, tapNodeBytes } from '../../src/jobs/tap-bytes.js';

const encode = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The bytes of a text, cut at these places. */
function pieces(value: string, cuts: readonly number[]): Uint8Array[] {
  const bytes = encode(value);
  const places = [
    0,
    ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((left, right) => left - right),
    bytes.length,
  ];
  return places.slice(1).map((place, index) => bytes.slice(places[index], place));
}

function linesOf(chunks: readonly Uint8Array[], isWanted: (line: unknown) => boolean = () => true): unknown[] {
  const lines: unknown[] = [];
  const listener = readJsonLines((line) => {
    lines.push(line);
    return isWanted(line);
  });
  for (const chunk of chunks) listener.onBytes(chunk);
  listener.onEnd();
  return lines;
}

describe('lines of JSON', () => {
  it('are the same however the bytes are cut, within a character too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary' }), { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (values, cuts) => {
          const file = values.map((value) => `${JSON.stringify([value, 'é'])}\n`).join('');
          expect(linesOf(pieces(file, cuts))).toEqual(values.map((value) => [value, 'é']));
        },
      ),
    );
  });

  it('are read without a last line end, with empty lines and with those of Windows', () => {
    expect(linesOf([encode('{"a":1}\r\n\n{"b":"ü"}')])).toEqual([{ a: 1 }, { b: 'ü' }]);
  });

  it('are looked for no longer in a file that begins otherwise', () => {
    expect(linesOf([encode('{"a":1}\n{"b":2}\n')], () => false)).toEqual([{ a: 1 }]);
    expect(linesOf([encode('no json\n{"b":2}\n')])).toEqual([]);
  });

  it('of sixteen million characters are passed over, and the next is read', () => {
    const long = encode(`"${'x'.repeat(17_000_000)}`);
    expect(linesOf([encode('1\n'), long, encode('y"\n2\n')])).toEqual([1, 2]);
  });
});

const FILE = 'first\nsecond\nthird\n';

const source = (): ReadableStream<Uint8Array> => {
  const chunks = [encode('first\nsec'), encode('ond\nthird\n')];
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
};

const WAYS: Readonly<Record<string, (stream: ReadableStream<Uint8Array>) => Promise<string>>> = {
  'a reader': async (stream) => {
    const reader = stream.getReader();
    let read = '';
    for (let step = await reader.read(); !step.done; step = await reader.read())
      read += new TextDecoder().decode(step.value);
    return read;
  },
  iteration: async (stream) => {
    let read = '';
    for await (const chunk of stream) read += new TextDecoder().decode(chunk);
    return read;
  },
  values: async (stream) => {
    let read = '';
    for await (const chunk of stream.values()) read += new TextDecoder().decode(chunk);
    return read;
  },
  'a response': async (stream) => new Response(stream).text(),
  'a clone of a response': async (stream) => {
    const response = new Response(stream);
    const [copy] = [await response.clone().text(), await response.text()];
    return copy;
  },
  'a stream of Node': async (stream) => text(Readable.fromWeb(stream as never)),
  'a pipe through another': async (stream) => {
    let read = '';
    const decoded = stream.pipeThrough(new TextDecoderStream() as never) as unknown as ReadableStream<string>;
    for await (const chunk of decoded) read += chunk;
    return read;
  },
  'a pipe': async (stream) => {
    const parts: Uint8Array[] = [];
    await stream.pipeTo(new WritableStream<Uint8Array>({ write: (chunk) => void parts.push(chunk) }));
    return Buffer.concat(parts).toString();
  },
  'a tee': async (stream) => {
    const [left, right] = stream.tee();
    const [read] = await Promise.all([new Response(left).text(), new Response(right).text()]);
    return read;
  },
};

describe('a file that is listened to', () => {
  it.each(Object.entries(WAYS))('is the same by %s, and heard once to its end', async (_way, read) => {
    const stream = source();
    const names = [Object.keys(stream), Object.prototype.toString.call(stream)];
    let heard = '';
    let ends = 0;
    tapBytes(stream, {
      onBytes: (bytes) => {
        heard += new TextDecoder().decode(bytes);
      },
      onEnd: () => {
        ends += 1;
      },
    });
    expect([Object.keys(stream), Object.prototype.toString.call(stream)]).toEqual(names);
    expect(await read(stream)).toBe(FILE);
    expect({ heard, ends }).toEqual({ heard: FILE, ends: 1 });
  });

  it.each(['events', 'iteration', 'a pipe'] as const)('of Node’s own is heard by %s', async (way) => {
    const stream = Readable.from([encode('first\nsec'), encode('ond\nthird\n')]);
    const names = Object.keys(stream);
    const heard: string[] = [];
    tapNodeBytes(stream, {
      onBytes: (bytes) => heard.push(new TextDecoder().decode(bytes)),
      onEnd: () => heard.push('end'),
    });
    expect(Object.keys(stream)).toEqual(names);
    const ended = new Promise((resolve) => stream.once('end', resolve));
    let read = '';
    const take = (chunk: Uint8Array) => {
      read += new TextDecoder().decode(chunk);
    };
    if (way === 'events') stream.on('data', take);
    else if (way === 'iteration') for await (const chunk of stream) take(chunk as Uint8Array);
    else read = await text(stream.pipe(new PassThrough()));
    await ended;
    expect(read).toBe(FILE);
    expect(heard).toEqual(['first\nsec', 'ond\nthird\n', 'end']);
  });

  it('fails and is left as it would be, and what throws in the listener stays there', async () => {
    const failing = new ReadableStream<Uint8Array>({
      pull() {
        throw new Error('cut off');
      },
    });
    const cancelled: unknown[] = [];
    const left = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(encode('x')),
      cancel: (reason) => void cancelled.push(reason),
    });
    let ends = 0;
    const listener = {
      onBytes: () => {
        throw new Error('listener');
      },
      onEnd: () => {
        ends += 1;
      },
    };
    tapBytes(failing, listener);
    tapBytes(left, listener);
    await expect(new Response(failing).text()).rejects.toThrow('cut off');
    for await (const chunk of left) if (chunk.length === 1) break;
    expect(cancelled).toHaveLength(1);
    expect(ends).toBe(0);
  });
});
