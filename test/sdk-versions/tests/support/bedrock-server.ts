import { createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

/** A request as Bedrock saw it. */
interface SeenRequest {
  readonly path: string;
  readonly body: string;
}

/** Answers one request. */
export type BedrockReply = (response: Http2ServerResponse) => void | Promise<void>;

/** A local stand-in for Bedrock. It speaks HTTP/2, which is what the SDK's own request handler speaks. */
export class BedrockServer {
  readonly seen: SeenRequest[] = [];
  #queue: BedrockReply[] = [];
  #fallback: BedrockReply | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => {
    void this.#handle(request, response);
  });

  async start(): Promise<void> {
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next requests get these replies, in order; the last one answers all further ones too. */
  replies(...replies: readonly BedrockReply[]): void {
    this.#queue = [...replies];
    this.#fallback = replies.at(-1);
    this.seen.length = 0;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #handle(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.seen.push({ path: request.url, body: Buffer.concat(chunks).toString() });
    const reply = this.#queue.shift() ?? this.#fallback;
    response.stream.on('error', () => undefined);
    if (reply === undefined) response.writeHead(500).end();
    else await reply(response);
  }
}

const REQUEST_ID = { 'x-amzn-requestid': 'request_fixed' };

/** Answers with JSON. */
export function bedrockJson(body: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): BedrockReply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...REQUEST_ID, ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Answers with frames, one a turn; `hold` leaves the connection open after them, `cut` closes it in the middle. */
export function bedrockStream(
  frames: readonly Buffer[],
  how: { hold?: boolean; cut?: boolean; contentType?: string } = {},
): BedrockReply {
  return async (response) => {
    response.writeHead(200, {
      'content-type': how.contentType ?? 'application/vnd.amazon.eventstream',
      ...REQUEST_ID,
    });
    for (const frame of frames) {
      if (response.stream.destroyed) return;
      response.write(frame);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (how.cut === true) response.stream.destroy();
    else if (how.hold !== true) response.end();
  };
}

/** An error as Bedrock answers it. */
export function bedrockError(type: string, status: number): BedrockReply {
  return bedrockJson({ message: `refused: ${type}` }, { 'x-amzn-errortype': type }, status);
}

/** Never answers. */
export const bedrockSilence: BedrockReply = () => undefined;
