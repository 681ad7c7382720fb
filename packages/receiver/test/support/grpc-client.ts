import { Client, credentials } from '@grpc/grpc-js';
import type { Signal } from '../../src/tables.js';

/** The unary method of each signal. */
export const GRPC_METHODS: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

const same = (bytes: Buffer): Buffer => bytes;

/** Calls of the gRPC library that OpenTelemetry's SDKs use. */
export interface GrpcCaller {
  /** Resolves with the answer's bytes. @rejects ServiceError where the call is refused. */
  call(method: string, message: Uint8Array): Promise<Buffer>;
  close(): void;
}

/** Connects to `host:port`, without TLS and without retries. */
export function grpcCaller(address: string, options: object = {}): GrpcCaller {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.enable_retries': 0,
    ...options,
  });
  return {
    call: (method, message) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(method, same, same, Buffer.from(message), (error, answer) =>
          error === null && answer !== undefined ? resolve(answer) : reject(error ?? new Error('no answer')),
        );
      }),
    close: () => client.close(),
  };
}
