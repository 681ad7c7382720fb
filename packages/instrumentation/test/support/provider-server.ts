import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the provider saw it. */
export interface SeenRequest {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

/** Answers one request. */
export type Reply = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/** A local stand-in for a provider: answers with what the test queued, one reply a request. */
export class ProviderServer {
  readonly seen: SeenRequest[] = [];
  /** Streams whose connection the client closed before their end. */
  closedByClient = 0;
  #queue: Reply[] = [];
  #fallback: Reply | undefined;
  readonly #server = createServer((request, response) => {
    void this.#handle(request, response);
  });

  async start(): Promise<void> {
    // On a busy machine an idle connection would be closed at the instant at which the client uses it again.
    this.#server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next requests get these replies, in order; the last one answers all further ones too. */
  replies(...replies: readonly Reply[]): void {
    this.#queue = [...replies];
    this.#fallback = replies.at(-1);
    this.seen.length = 0;
    this.closedByClient = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const seen = {
      url: request.url ?? '',
      headers: request.headers,
      // Files are sent as a form; what tests look into is JSON.
      body: (text !== '' && request.headers['content-type']?.includes('json') === true
        ? JSON.parse(text)
        : {}) as Record<string, unknown>,
    };
    this.seen.push(seen);
    response.on('close', () => {
      if (!response.writableFinished) this.closedByClient += 1;
    });
    const reply = this.#queue.shift() ?? this.#fallback;
    if (reply === undefined) response.writeHead(500).end('no reply queued');
    else await reply(seen, response);
  }
}

/** Answers with JSON. */
export function json(body: unknown, init: { status?: number; headers?: Record<string, string> } = {}): Reply {
  return (_request, response) => {
    response.writeHead(init.status ?? 200, {
      'content-type': 'application/json',
      'x-request-id': 'req_fixed',
      'request-id': 'req_fixed',
      ...init.headers,
    });
    response.end(JSON.stringify(body));
  };
}

/** Answers with bytes, in two pieces. */
export function bytes(body: Uint8Array, contentType: string): Reply {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': contentType, 'x-request-id': 'req_fixed' });
    response.write(body.subarray(0, body.length / 2));
    response.end(body.subarray(body.length / 2));
  };
}

/** Answers with a body of text under a content type. */
export function text(body: string, contentType: string, status = 200): Reply {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': contentType });
    response.end(body);
  };
}

/** One server-sent event. */
export interface SseEvent {
  readonly event?: string;
  readonly data: unknown;
}

/** Answers with server-sent events; `hold` keeps the connection open after them until the client leaves. */
export function sse(events: readonly SseEvent[], options: { done?: boolean; hold?: boolean } = {}): Reply {
  return async (_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'x-request-id': 'req_fixed',
      'request-id': 'req_fixed',
    });
    for (const { event, data } of events) {
      const line = typeof data === 'string' ? data : JSON.stringify(data);
      response.write(`${event === undefined ? '' : `event: ${event}\n`}data: ${line}\n\n`);
      // One event a turn, as over a network, so that readers see several chunks.
      await new Promise((resolve) => setImmediate(resolve));
      if (response.destroyed) return;
    }
    if (options.hold === true) return;
    if (options.done === true) response.write('data: [DONE]\n\n');
    response.end();
  };
}

/** Never answers. */
export const silence: Reply = () => undefined;
