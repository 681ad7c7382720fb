import { Agent } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import protobuf from 'protobufjs/minimal.js';
import { afterEach, describe, expect, it } from 'vitest';
import { SUPPORTED_ENCODINGS } from '../src/decode/inflate.js';
import { createReceiver, type ListenAddress, type Receiver, type ReceiverOptions } from '../src/receiver.js';
import { ReceiverError } from '../src/receiver-error.js';
import { type Answer, PROTOBUF, send, type Sending } from './support/client.js';
import { protobufBytes } from './support/decode.js';
import { deferred, FakeDatabase } from './support/fake-database.js';
import { jsonBytes, logsRequest, metricsRequest, span, tracesRequest } from './support/otlp.js';

interface Stage {
  readonly database: FakeDatabase;
  readonly receiver: Receiver;
  readonly address: ListenAddress;
  readonly post: (sending: Sending) => Promise<Answer>;
}

let opened: Receiver[] = [];

afterEach(async () => {
  await Promise.all(opened.map((receiver) => receiver.close()));
  opened = [];
});

async function start(options: Omit<Partial<ReceiverOptions>, 'database'> = {}): Promise<Stage> {
  const database = new FakeDatabase();
  const receiver = createReceiver({ database, ...options });
  opened.push(receiver);
  const address = await receiver.listen(0);
  return { database, receiver, address, post: (sending) => send(address, sending) };
}

const oneSpan = jsonBytes(tracesRequest([span(0)]));
const json = (answer: Answer | undefined): unknown => JSON.parse(answer?.body.toString() ?? '');

/** A google.rpc.Status read from protobuf. */
function readStatus(bytes: Buffer): { code: number; message: string } {
  const reader = protobuf.Reader.create(bytes);
  const status = { code: 0, message: '' };
  while (reader.pos < reader.len) {
    if (reader.uint32() >>> 3 === 1) status.code = reader.int32();
    else status.message = reader.string();
  }
  return status;
}

describe('an export', () => {
  it('is acknowledged in the form it came in, once its rows are inserted', async () => {
    const { database, post, receiver } = await start();
    const asJson = await post({ body: oneSpan });
    const asProtobuf = await post({ headers: PROTOBUF, body: protobufBytes('traces', tracesRequest([span(1)])) });
    expect([asJson.status, asJson.headers['content-type'], json(asJson)]).toEqual([200, 'application/json', {}]);
    expect([asProtobuf.status, asProtobuf.headers['content-type'], asProtobuf.body.length]).toEqual([
      200,
      'application/x-protobuf',
      0,
    ]);
    expect(database.spanNames()).toEqual(['span 0', 'span 1']);
    expect(receiver.stats()).toMatchObject({
      accepted: { traces: 2 },
      requests: { traces: 2 },
      queue: { requests: 0, bytes: 0, rowBytes: 0 },
    });
  });

  it('goes to the tables of its signal', async () => {
    const { database, post } = await start();
    await post({ path: '/v1/logs', body: jsonBytes(logsRequest([{ body: { stringValue: 'x' } }])) });
    const metrics = metricsRequest([
      { name: 'a', gauge: { dataPoints: [{ asInt: 1 }] } },
      { name: 'b', sum: { dataPoints: [{ asInt: 1 }] } },
    ]);
    await post({ path: '/v1/metrics', body: jsonBytes(metrics) });
    expect(database.inserts.map(({ table }) => table).toSorted()).toEqual([
      'otel_logs',
      'otel_metrics_gauge',
      'otel_metrics_sum',
    ]);
  });

  it('names every column and the settings that a view must not be without', async () => {
    const { database, post } = await start();
    await post({ body: oneSpan });
    expect(database.inserts[0]?.insert).toMatchObject({
      format: 'RowBinary',
      settings: { async_insert: 0, max_partitions_per_insert_block: 0, materialized_views_ignore_errors: 0 },
    });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('may be compressed with %s', async (encoding, compress) => {
    const { database, post } = await start();
    const answer = await post({ headers: { 'content-encoding': encoding }, body: compress(oneSpan) });
    expect(answer.status).toBe(200);
    expect(database.spanNames()).toEqual(['span 0']);
  });

  it('without any record is acknowledged and inserts nothing', async () => {
    const { database, post } = await start();
    const empty = await post({ headers: PROTOBUF, body: new Uint8Array() });
    expect([empty.status, database.inserts.length]).toEqual([200, 0]);
  });

  it('with a bad record says how many it lost and why, and stores the others', async () => {
    const { database, post, receiver } = await start();
    const request = tracesRequest([span(0), span(1, { traceId: 'ab' }), span(2)]);
    const answer = await post({ body: jsonBytes(request) });
    expect(json(answer)).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('invalid_id') },
    });
    const binary = await post({ headers: PROTOBUF, body: protobufBytes('traces', request) });
    const reader = protobuf.Reader.create(binary.body);
    expect([reader.uint32(), reader.uint32() > 0, reader.uint32(), Number(reader.int64())]).toEqual([10, true, 8, 1]);
    expect(database.spanNames()).toEqual(['span 0', 'span 2', 'span 0', 'span 2']);
    expect(receiver.stats().rejected).toEqual({ invalid_id: 2 });
  });
});

describe('a request that cannot be taken', () => {
  it.each([
    ['an unknown path', { path: '/v1/profiles' }, 404, 'not_found'],
    ['a wrong method', { method: 'GET' }, 405, 'method_not_allowed'],
    ['a wrong type', { headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_content_type'],
    ['no type', { headers: { 'content-type': '' } }, 415, 'unsupported_content_type'],
    ['an unknown encoding', { headers: { 'content-encoding': 'br' } }, 415, 'unsupported_content_encoding'],
    ['malformed JSON', { body: jsonBytes('x') }, 400, 'malformed_body'],
    ['a broken gzip', { headers: { 'content-encoding': 'gzip' } }, 400, 'malformed_encoding'],
  ] as const)('because of %s is told so', async (_, sending, status, reason) => {
    const { database, post, receiver } = await start();
    const answer = await post({ body: oneSpan, ...sending });
    expect(answer.status).toBe(status);
    expect(json(answer)).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
    expect(receiver.stats().refused).toEqual({ [reason]: 1 });
    expect(database.inserts).toHaveLength(0);
  });

  it('in protobuf gets its status in protobuf', async () => {
    const { post } = await start();
    const answer = await post({ headers: PROTOBUF, body: Uint8Array.of(0x0a, 0x7f) });
    expect(answer.headers['content-type']).toBe('application/x-protobuf');
    expect(readStatus(answer.body)).toEqual({ code: 3, message: 'a field reaches past its message' });
  });

  it('names what is supported', async () => {
    const { post } = await start();
    const encoding = await post({ headers: { 'content-encoding': 'br' }, body: oneSpan });
    const method = await post({ method: 'PUT', body: oneSpan });
    expect(json(encoding)).toMatchObject({ message: expect.stringContaining(SUPPORTED_ENCODINGS.join(', ')) });
    expect(method.headers['allow']).toBe('POST');
  });

  it('is too large as it comes', async () => {
    const { post, receiver } = await start({ limits: { requestBytes: 1000 } });
    expect((await post({ body: new Uint8Array(1001) })).status).toBe(413);
    expect((await post({ body: new Uint8Array(1000) })).status).toBe(400);
    expect(receiver.stats().queue).toEqual({ requests: 0, bytes: 0, rowBytes: 0 });
  });

  it('is too large once it is unpacked: a bomb is cut off while it inflates', async () => {
    const { post, receiver } = await start();
    // 1,000 members of 10 MB each: 10 MB that unpack to 10 GB.
    const member = gzipSync(Buffer.alloc(10_000_000));
    const bomb = Buffer.concat(Array.from({ length: 1000 }, () => member));
    const before = process.memoryUsage().rss;
    const answer = await post({ headers: { ...PROTOBUF, 'content-encoding': 'gzip' }, body: bomb });
    expect(answer.status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
    expect(receiver.stats().refused).toEqual({ body_too_large: 1 });
    expect((await post({ body: oneSpan })).status).toBe(200);
  });

  it('breaks off, and costs nothing that stays', async () => {
    const { address, receiver } = await start();
    const socket = connect(address.port, address.host);
    socket.write(
      'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    await expect.poll(() => receiver.stats().queue.bytes).toBe(1);
    socket.destroy();
    await expect.poll(() => receiver.stats().refused).toEqual({ aborted_by_client: 1 });
    expect(receiver.stats().queue).toEqual({ requests: 0, bytes: 0, rowBytes: 0 });
  });
});

describe('who may send', () => {
  it.each(['localhost:4318', '127.0.0.1:9', '[::1]:4318', 'LOCALHOST'])(
    'a program that says Host: %s',
    async (host) => {
      const { post } = await start();
      expect((await post({ headers: { host }, body: oneSpan })).status).toBe(200);
    },
  );

  it.each(['evil.example', 'localhost.evil.example:4318', '169.254.169.254', '127.0.0.1.evil.example', '[::2]'])(
    'not a page whose name was pointed here: Host: %j',
    async (host) => {
      const { database, post, receiver } = await start();
      expect((await post({ headers: { host }, body: oneSpan })).status).toBe(403);
      expect(receiver.stats().refused).toEqual({ forbidden_host: 1 });
      expect(database.inserts).toHaveLength(0);
    },
  );

  it.each(['https://evil.example', 'null', 'http://localhost:3000'])('not a page of origin %s', async (origin) => {
    const { database, post } = await start();
    expect((await post({ headers: { origin }, body: oneSpan })).status).toBe(403);
    expect((await post({ method: 'OPTIONS', headers: { origin } })).status).toBe(403);
    expect(database.inserts).toHaveLength(0);
  });

  it('whoever is allowed by name', async () => {
    const { post } = await start({ allowedHosts: ['costel', 'gateway:443'], allowedOrigins: ['https://shop.example'] });
    const status = async (headers: Record<string, string>) => (await post({ headers, body: oneSpan })).status;
    expect(await status({ host: 'costel:4318' })).toBe(200);
    expect(await status({ host: 'gateway:443' })).toBe(200);
    expect(await status({ host: 'gateway:444' })).toBe(403);
    expect(await status({ origin: 'https://shop.example' })).toBe(200);
  });
});

describe('health', () => {
  it('says that the receiver is up', async () => {
    const { post } = await start();
    const answer = await post({ method: 'GET', path: '/health' });
    expect([answer.status, json(answer)]).toEqual([200, { status: 'ok' }]);
  });
});

describe('requests at the same time', () => {
  it('share inserts, and each is acknowledged', async () => {
    const { database, post, receiver } = await start();
    const gate = deferred();
    database.beforeInsert = () => gate.promise;
    const first = post({ body: oneSpan });
    await expect.poll(() => receiver.stats().queue.rowBytes).toBeGreaterThan(0);
    const rowBytes = () => receiver.stats().queue.rowBytes;
    const bytesOfOne = rowBytes();
    const others = Array.from({ length: 59 }, (_, index) =>
      post({ body: jsonBytes(tracesRequest([span(index + 1)])) }),
    );
    // The rows of all wait for the insert that is under way: then they have one of their own, whatever each took to come.
    await expect.poll(rowBytes).toBeGreaterThanOrEqual(60 * bytesOfOne);
    gate.resolve();
    const answers = await Promise.all([first, ...others]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(database.spanNames()).toHaveLength(60);
    expect(database.inserts.length).toBeLessThanOrEqual(3);
    expect(receiver.stats().inserts.otel_traces).toMatchObject({ rows: 60, inserts: database.inserts.length });
  });

  it('are acknowledged only when their insert is committed', async () => {
    const { database, post } = await start();
    const gate = deferred();
    database.beforeInsert = () => gate.promise;
    const order: string[] = [];
    const answer = post({ body: oneSpan }).then(() => order.push('acknowledged'));
    await expect.poll(async () => (await post({ method: 'GET', path: '/health' })).status).toBe(200);
    order.push('committed');
    gate.resolve();
    await answer;
    expect(order).toEqual(['committed', 'acknowledged']);
  });

  it('are turned away with Retry-After where too many wait, and taken again afterwards', async () => {
    const { database, post, receiver } = await start({ limits: { queuedRequests: 3, retryAfterSeconds: 7 } });
    const gate = deferred();
    database.beforeInsert = () => gate.promise;
    const waiting = [0, 1, 2].map((index) => post({ body: jsonBytes(tracesRequest([span(index)])) }));
    await expect.poll(() => receiver.stats().queue.requests).toBe(3);
    const refused = await post({ body: oneSpan });
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '7']);
    gate.resolve();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await post({ body: oneSpan })).status).toBe(200);
    expect(receiver.stats()).toMatchObject({ refused: { queue_full: 1 }, queue: { requests: 0, bytes: 0 } });
  });

  it('are turned away where the bodies that wait are too large together', async () => {
    const { database, post, receiver } = await start({ limits: { queuedBytes: oneSpan.length + 10 } });
    const gate = deferred();
    database.beforeInsert = () => gate.promise;
    const waiting = post({ body: oneSpan });
    await expect.poll(() => receiver.stats().queue.bytes).toBe(oneSpan.length);
    expect((await post({ body: oneSpan })).status).toBe(429);
    gate.resolve();
    expect((await waiting).status).toBe(200);
  });

  it('wait undecoded while too many rows wait for their insert', async () => {
    const { database, post, receiver } = await start({ limits: { pendingRowBytes: 1, batchRows: 1 } });
    const gate = deferred();
    database.beforeInsert = () => gate.promise;
    const answers = Array.from({ length: 10 }, (_, index) => post({ body: jsonBytes(tracesRequest([span(index)])) }));
    await expect.poll(() => receiver.stats().queue.requests).toBe(10);
    await expect.poll(() => receiver.stats().queue.rowBytes).toBeGreaterThan(0);
    expect(receiver.stats().queue.rowBytes).toBeLessThan(2000);
    gate.resolve();
    await Promise.all(answers);
    expect(database.spanNames()).toHaveLength(10);
  });
});

describe('a failing store', () => {
  it('makes the sender try again, and loses nothing', async () => {
    const { database, post, receiver } = await start();
    database.beforeInsert = () => {
      throw new Error('Code: 243. DB::Exception: not enough space');
    };
    const refused = await post({ body: oneSpan });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    database.beforeInsert = () => undefined;
    expect((await post({ body: oneSpan })).status).toBe(200);
    expect(receiver.stats()).toMatchObject({
      refused: { insert_failed: 1 },
      accepted: { traces: 1 },
      inserts: { otel_traces: { inserts: 1, failedInserts: 1 } },
    });
  });

  it('that cannot digest one record costs that record, not those of other senders', async () => {
    const { database, post, receiver } = await start({ limits: { batchDelayMs: 100 } });
    database.beforeInsert = (rows) => {
      if (rows.some((row) => row['SpanName'] === 'poison')) throw new Error('Code: 407. DB::Exception: overflow');
    };
    const answers = await Promise.all([
      ...[0, 1, 2].map((index) => post({ body: jsonBytes(tracesRequest([span(index), span(index + 10)])) })),
      post({ body: jsonBytes(tracesRequest([span(5), span(6, { name: 'poison' }), span(7)])) }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(json(answers[3])).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
    expect(database.spanNames()).toHaveLength(8);
    expect(receiver.stats()).toMatchObject({ rejected: { refused_by_store: 1 }, accepted: { traces: 8 } });
  });
});

describe('the decoder', () => {
  it('that runs out of memory is replaced, and only the body that did it is refused', async () => {
    const { database, post } = await start({ limits: { decoderHeapMebibytes: 16 } });
    const hungry = Buffer.from(`{"x":[${'{},'.repeat(1_000_000)}{}]}`);
    expect((await post({ body: hungry })).status).toBe(400);
    expect((await post({ body: oneSpan })).status).toBe(200);
    expect(database.spanNames()).toEqual(['span 0']);
  });

  it('that takes too long is replaced, and only the body that did it is refused', async () => {
    const { post, receiver } = await start({
      limits: { decodeMs: 100 },
    });
    const slow = jsonBytes(tracesRequest(Array.from({ length: 30_000 }, (_, index) => span(index))));
    expect((await post({ body: slow })).status).toBe(400);
    expect(receiver.stats().refused).toEqual({ decoder_failed: 1 });
    await expect.poll(async () => (await post({ body: oneSpan })).status, { interval: 200 }).toBe(200);
  });

  it('keeps the event loop free while it works', async () => {
    const { database, post, receiver } = await start();
    database.insertFile = () => Promise.resolve();
    const large = jsonBytes(tracesRequest(Array.from({ length: 20_000 }, (_, index) => span(index))));
    // Counted is how often the loop turns between the last byte and the first row: hundreds of times while another thread
    // decodes, and not while this one does. A gap in milliseconds would also be one where the machine did other work.
    let turns = 0;
    const ticker = setInterval(() => {
      const { bytes, rowBytes } = receiver.stats().queue;
      if (bytes === large.length && rowBytes === 0) turns += 1;
    }, 1);
    const answer = await post({ body: large });
    clearInterval(ticker);
    expect(answer.status).toBe(200);
    expect(turns).toBeGreaterThan(10);
  });
});

describe('opening and closing', () => {
  it('names a port that is in use', async () => {
    const { address, receiver } = await start();
    const failed = receiver.listen(address.port);
    await expect(failed).rejects.toThrow(ReceiverError);
    await expect(receiver.listen(address.port)).rejects.toMatchObject({
      code: 'receiver_port_in_use',
      message: expect.stringContaining(String(address.port)),
    });
  });

  it('refuses an address that is not this machine’s', async () => {
    const { receiver } = await start();
    await expect(receiver.listen(0, '192.0.2.1')).rejects.toMatchObject({ code: 'receiver_address_unusable' });
  });

  it.each([0, -1, Number.NaN])('refuses a limit of %s', (requestBytes) => {
    expect(() => createReceiver({ database: new FakeDatabase(), limits: { requestBytes } })).toThrow(
      expect.objectContaining({ code: 'receiver_limit_invalid' }),
    );
  });

  it('closes although a sender keeps its connection open', async () => {
    const { address, post, receiver } = await start();
    const agent = new Agent({ keepAlive: true });
    await send(address, { body: oneSpan, agent });
    const waiting = send(address, { body: oneSpan, agent });
    await waiting;
    await receiver.close();
    await expect(post({ body: oneSpan })).rejects.toThrow('ECONNREFUSED');
    agent.destroy();
  });

  it('answers what is under way before it closes', async () => {
    const { database, post, receiver } = await start();
    const gate = deferred();
    database.beforeInsert = () => gate.promise;
    const answer = post({ body: oneSpan });
    await expect.poll(() => receiver.stats().queue.rowBytes).toBeGreaterThan(0);
    const closed = receiver.close();
    gate.resolve();
    expect((await answer).status).toBe(200);
    await closed;
    expect(database.spanNames()).toEqual(['span 0']);
  });
});
