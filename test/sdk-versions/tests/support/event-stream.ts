import { crc32 } from 'node:zlib';

/** One header of a frame; all that are needed are strings. */
function header(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  // Type 7 is a string.
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, text]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/**
 * A frame of AWS's event streams: lengths of the whole and of the headers, their checksum, headers, payload, checksum of
 * it all.
 */
function frame(headers: Readonly<Record<string, string>>, payload: unknown): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.concat([word(16 + head.length + body.length), word(head.length)]);
  const unsigned = Buffer.concat([prelude, word(crc32(prelude)), head, body]);
  return Buffer.concat([unsigned, word(crc32(unsigned))]);
}

/** An event, e.g. `contentBlockDelta`. */
export function eventFrame(type: string, payload: unknown): Buffer {
  return frame({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }, payload);
}

/** An error in the middle of a stream, e.g. `throttlingException`. */
export function exceptionFrame(type: string, payload: unknown): Buffer {
  return frame({ ':message-type': 'exception', ':exception-type': type, ':content-type': 'application/json' }, payload);
}

/** An event of a model's own API as InvokeModel wraps it. */
export function chunkFrame(event: unknown): Buffer {
  return eventFrame('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64') });
}
