import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { compressionAlgorithms, type Metadata, type ServiceError, status as grpcCodes } from '@grpc/grpc-js';
import protobuf from 'protobufjs/minimal.js';
import { afterEach, describe, expect, it } from 'vitest';
import { createReceiver, type ListenAddress, type Receiver, type ReceiverOptions } from '../../src/receiver.js';
import { protobufBytes } from '../support/decode.js';
import { deferred, FakeDatabase } from '../support/fake-database.js';
import { GRPC_METHODS, grpcCaller } from '../support/grpc-client.js';
import { logsRequest, metricsRequest, span, tracesRequest } from '../support/otlp.js';

const PATHS = GRPC_METHODS;
const oneSpan = Buffer.from(protobufBytes('traces', tracesRequest([span(0)])));

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

interface Stage {
  readonly database: FakeDatabase;
  readonly receiver: Receiver;
  readonly address: ListenAddress;
  /** Calls with the gRPC library that OpenTelemetry's SDKs use. */
  readonly call: (message: Buffer, path?: string) => Promise<Buffer>;
}

async function start(options: Omit<Partial<ReceiverOptions>, 'database'> = {}, clientOptions = {}): Promise<Stage> {
  const database = new FakeDatabase();
  const receiver = createReceiver({ database, ...options });
  undo.push(() => receiver.close());
  const address = await receiver.listenGrpc(0);
  const caller = grpcCaller(`127.0.0.1:${address.port}`, clientOptions);
  undo.push(() => caller.close());
  const call = (message: Buffer, path = PATHS.traces) => caller.call(path, message);
  return { database, receiver, address, call };
}

async function refusal(attempt: Promise<unknown>): Promise<ServiceError> {
  return attempt.then(
    () => {
      throw new Error('the call was answered');
    },
    (error: unknown) => error as ServiceError,
  );
}

/** The seconds of the RetryInfo in a status, undefined where there is none. */
function retrySeconds(metadata: Metadata): number | undefined {
  const [details] = metadata.get('grpc-status-details-bin');
  if (details === undefined || typeof details === 'string') return undefined;
  const reader = protobuf.Reader.create(details);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 !== 3) reader.skipType(tag & 7);
    else {
      reader.uint32();
      reader.uint32();
      expect(reader.string()).toBe('type.googleapis.com/google.rpc.RetryInfo');
      reader.uint32();
      const retry = protobuf.Reader.create(reader.bytes());
      retry.uint32();
      const delay = protobuf.Reader.create(retry.bytes());
      delay.uint32();
      return Number(delay.int64());
    }
  }
  return undefined;
}

describe('an export over gRPC', () => {
  it('is acknowledged once its rows are inserted, for each signal', async () => {
    const { call, database, receiver } = await start();
    expect(await call(oneSpan)).toHaveLength(0);
    await call(Buffer.from(protobufBytes('logs', logsRequest([{ body: { stringValue: 'x' } }]))), PATHS.logs);
    const gauge = metricsRequest([{ name: 'a', gauge: { dataPoints: [{ asInt: 1 }] } }]);
    await call(Buffer.from(protobufBytes('metrics', gauge)), PATHS.metrics);
    expect(database.inserts.map(({ table }) => table)).toEqual(['otel_traces', 'otel_logs', 'otel_metrics_gauge']);
    expect(receiver.stats()).toMatchObject({
      accepted: { traces: 1, logs: 1, metrics: 1 },
      queue: { requests: 0, bytes: 0, rowBytes: 0 },
    });
  });

  it.each(['deflate', 'gzip'] as const)('may be compressed with %s', async (name) => {
    const { call, database } = await start({}, { 'grpc.default_compression_algorithm': compressionAlgorithms[name] });
    await call(oneSpan);
    expect(database.spanNames()).toEqual(['span 0']);
  });

  it('says how many records it lost, and stores the others', async () => {
    const { call, database } = await start();
    const spans = [span(0), span(1, { traceId: 'ab' }), span(2)];
    const answer = await call(Buffer.from(protobufBytes('traces', tracesRequest(spans))));
    const reader = protobuf.Reader.create(answer);
    expect([reader.uint32(), reader.uint32() > 0, reader.uint32(), Number(reader.int64())]).toEqual([10, true, 8, 1]);
    expect(database.spanNames()).toEqual(['span 0', 'span 2']);
  });

  it('larger than every flow control window arrives whole', async () => {
    const { call, receiver } = await start();
    const spans = Array.from({ length: 20_000 }, (_, index) => span(index));
    await call(Buffer.from(protobufBytes('traces', tracesRequest(spans))));
    expect(receiver.stats().accepted.traces).toBe(20_000);
  });

  it('shares the queue with HTTP: where too many wait, the sender is told when to come back', async () => {
    const { call, database, receiver } = await start({ limits: { queuedRequests: 2, retryAfterSeconds: 7 } });
    const gate = deferred();
    database.beforeInsert = () => gate.promise;
    const waiting = [call(oneSpan), call(oneSpan)];
    await expect.poll(() => receiver.stats().queue.requests).toBe(2);
    const { code, metadata } = await refusal(call(oneSpan));
    expect([code, retrySeconds(metadata)]).toEqual([grpcCodes.RESOURCE_EXHAUSTED, 7]);
    gate.resolve();
    await Promise.all(waiting);
    await call(oneSpan);
    expect(receiver.stats()).toMatchObject({ refused: { queue_full: 1 }, queue: { requests: 0, bytes: 0 } });
  });

  it('is to be repeated where the insert failed', async () => {
    const { call, database, receiver } = await start();
    database.beforeInsert = () => {
      throw new Error('Code: 243. DB::Exception: not enough space');
    };
    const { code, metadata } = await refusal(call(oneSpan));
    expect([code, retrySeconds(metadata)]).toEqual([grpcCodes.UNAVAILABLE, 1]);
    expect(receiver.stats().refused).toEqual({ insert_failed: 1 });
  });

  it('that is larger than a limit, packed or unpacked, is refused for good', async () => {
    const limits = { requestBytes: 1000, inflatedBytes: 100_000 };
    const plain = await start({ limits });
    const tooLarge = await refusal(plain.call(Buffer.alloc(1001)));
    const packed = await start({ limits }, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
    const bomb = await refusal(packed.call(Buffer.alloc(1_000_000)));
    for (const { code, metadata } of [tooLarge, bomb]) {
      expect([code, retrySeconds(metadata)]).toEqual([grpcCodes.INVALID_ARGUMENT, undefined]);
    }
    for (const { receiver } of [plain, packed]) {
      expect(receiver.stats()).toMatchObject({ refused: { body_too_large: 1 }, queue: { requests: 0, bytes: 0 } });
    }
  });

  it('that is no OTLP, or asks for another service, is told so', async () => {
    const { call, receiver } = await start();
    expect((await refusal(call(Buffer.of(0x0a, 0x7f)))).code).toBe(grpcCodes.INVALID_ARGUMENT);
    const unknown = await refusal(call(oneSpan, '/grpc.health.v1.Health/Check'));
    expect([unknown.code, unknown.details]).toEqual([
      grpcCodes.UNIMPLEMENTED,
      'there is no /grpc.health.v1.Health/Check',
    ]);
    expect(receiver.stats().refused).toEqual({ malformed_body: 1, not_found: 1 });
  });

  it('that is under way is answered before the receiver closes', async () => {
    const { call, database, receiver } = await start();
    const gate = deferred();
    database.beforeInsert = () => gate.promise;
    const answer = call(oneSpan);
    await expect.poll(() => receiver.stats().queue.rowBytes).toBeGreaterThan(0);
    const closed = receiver.close();
    gate.resolve();
    await answer;
    await closed;
    expect(database.spanNames()).toEqual(['span 0']);
  });
});

describe('what a gRPC library would not send', () => {
  function rawCall(session: ClientHttp2Session, headers: Record<string, string>, body: Uint8Array) {
    return new Promise<IncomingHttpHeaders>((resolve, reject) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': PATHS.traces,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      let answered: IncomingHttpHeaders = {};
      stream.on('response', (received) => (answered = received));
      stream.on('trailers', (received) => (answered = { ...answered, ...received }));
      stream.on('error', reject);
      stream.on('end', () => resolve(answered));
      stream.resume();
      stream.end(body);
    });
  }

  async function open(): Promise<{ stage: Stage; session: ClientHttp2Session }> {
    const stage = await start();
    const session = connectHttp2(`http://127.0.0.1:${stage.address.port}`);
    undo.push(() => session.destroy());
    return { stage, session };
  }

  const frame = (message: Uint8Array, flag = 0): Buffer => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt8(flag);
    prefix.writeUInt32BE(message.length, 1);
    return Buffer.concat([prefix, message]);
  };

  it('is taken where it is right', async () => {
    const { session, stage } = await open();
    expect(await rawCall(session, { 'grpc-encoding': 'gzip' }, frame(gzipSync(oneSpan), 1))).toMatchObject({
      ':status': 200,
      'grpc-status': '0',
    });
    expect(stage.database.spanNames()).toEqual(['span 0']);
  });

  it.each([
    ['a name that was pointed here', { ':authority': 'evil.example' }, frame(oneSpan), '7', 'forbidden_host'],
    ['a web page', { origin: 'https://evil.example' }, frame(oneSpan), '7', 'forbidden_origin'],
    ['a wrong type', { 'content-type': 'text/plain' }, frame(oneSpan), '12', 'unsupported_content_type'],
    ['an unknown encoding', { 'grpc-encoding': 'snappy' }, frame(oneSpan, 1), '12', 'unsupported_content_encoding'],
    ['no message', {}, Buffer.alloc(0), '3', 'malformed_body'],
    ['half a message', {}, frame(oneSpan).subarray(0, -1), '3', 'malformed_body'],
    ['two messages', {}, Buffer.concat([frame(oneSpan), frame(oneSpan)]), '3', 'malformed_body'],
    ['an unknown flag', {}, frame(oneSpan, 2), '3', 'malformed_body'],
    ['no gzip', { 'grpc-encoding': 'gzip' }, frame(oneSpan, 1), '3', 'malformed_encoding'],
  ])('is refused: %s', async (_, headers, body, code, reason) => {
    const { session, stage } = await open();
    expect(await rawCall(session, headers, body)).toMatchObject({ 'grpc-status': code });
    expect(stage.receiver.stats()).toMatchObject({ refused: { [reason]: 1 }, queue: { requests: 0, bytes: 0 } });
    expect(stage.database.inserts).toHaveLength(0);
  });

  it('breaks off, and costs nothing that stays', async () => {
    const { session, stage } = await open();
    const stream = session.request({ ':method': 'POST', ':path': PATHS.traces, 'content-type': 'application/grpc' });
    stream.on('error', () => undefined);
    stream.write(Buffer.from('0'));
    await expect.poll(() => stage.receiver.stats().queue.bytes).toBe(1);
    session.destroy();
    await expect.poll(() => stage.receiver.stats().refused).toEqual({ aborted_by_client: 1 });
    expect(stage.receiver.stats().queue).toEqual({ requests: 0, bytes: 0, rowBytes: 0 });
  });
});
