import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';

/** One POST to one address. */
export interface PostRequest {
  readonly url: URL;
  /** The address that was checked; the connection is made to it whatever the name resolves to by then. */
  readonly address: ResolvedAddress;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Aborts the request; what it was waiting for then rejects. */
  readonly signal: AbortSignal;
}

/** An IP address with its family, as `dns.lookup` gives it. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** What a receiver answered; its body is not kept. */
export interface PostResponse {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** An answer's body is drained up to here, so that the receiver sees an orderly end; then the connection is cut. */
const MAX_ANSWER_BYTES = 65_536;

function pinnedLookup({ address, family }: ResolvedAddress): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

function drain(response: IncomingMessage): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) response.destroy();
  });
  // The status line has decided; how the rest of the answer ends does not matter.
  response.on('error', () => {});
}

/** Sends one request on a connection of its own, follows no redirect, uses no proxy; resolves with the answer's status. */
export function post({ url, address, headers, body, signal }: PostRequest): Promise<PostResponse> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = send(
      url,
      {
        method: 'POST',
        agent: false,
        lookup: pinnedLookup(address),
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        signal,
      },
      (response) => {
        drain(response);
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
