import { type Agent, request } from 'node:http';
import type { ListenAddress } from '../../src/receiver.js';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** What to send; `path` is `/v1/traces` and the method POST unless said otherwise. */
export interface Sending {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Keeps connections open; without one every request has a connection of its own. */
  readonly agent?: Agent;
}

/** Sends one request; unlike `fetch` it lets a test set `Host` and `Origin`. */
export function send(address: ListenAddress, sending: Sending): Promise<Answer> {
  const { agent = false, body, headers, method = 'POST', path = '/v1/traces' } = sending;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: address.host,
        port: address.port,
        method,
        path,
        agent,
        headers: { 'content-type': 'application/json', ...headers, 'content-length': String(body?.length ?? 0) },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
        );
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export const PROTOBUF = { 'content-type': 'application/x-protobuf' };
