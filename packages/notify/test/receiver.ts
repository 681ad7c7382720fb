import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What a receiver was sent. */
export interface Received {
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
}

/** Answers one request; the body has been read. */
export type Answer = (response: ServerResponse, received: Received, count: number) => void;

/** Answers with a status and headers. */
export function respond(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => {
    response.writeHead(status, headers).end('{}');
  };
}

/** A real HTTP server on 127.0.0.1 that records what it is sent and counts connections. */
export class Receiver {
  readonly received: Received[] = [];
  answer: Answer;
  connections = 0;
  readonly #server: Server;

  private constructor(server: Server, answer: Answer) {
    this.#server = server;
    this.answer = answer;
    server.on('connection', () => this.connections++);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Received['body'];
        const received = { key: String(request.headers['idempotency-key']), body, headers: request.headers };
        this.received.push(received);
        this.answer(response, received, this.received.length);
      });
    });
  }

  static async start(answer: Answer = respond(200)): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Receiver(server, answer);
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/alerts`;
  }

  get keys(): string[] {
    return this.received.map(({ key }) => key);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}
