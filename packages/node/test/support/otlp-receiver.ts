import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A receiver of OTLP/HTTP that keeps what it was sent; names and values are readable text inside protobuf. */
export class OtlpReceiver {
  readonly requests: { readonly url: string; readonly body: string; readonly headers: Record<string, unknown> }[] = [];
  /** What it answers with; undefined leaves the request unanswered. */
  status: number | undefined = 200;
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      this.requests.push({ url: request.url ?? '', body: body.toString('latin1'), headers: request.headers });
      if (this.status !== undefined)
        response.writeHead(this.status, { 'content-type': 'application/x-protobuf' }).end();
    });
  });

  async start(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Everything received for one signal, as one text. */
  received(signal: 'traces' | 'metrics'): string {
    return this.requests
      .filter(({ url }) => url === `/v1/${signal}`)
      .map(({ body }) => body)
      .join('\n');
  }

  /** How often a text was received in traces. */
  count(part: string): number {
    return this.received('traces').split(part).length - 1;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
