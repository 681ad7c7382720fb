import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** An OTLP request as an exporter sent it. */
export interface RecordedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const KEPT_HEADERS = ['content-type', 'content-encoding'];

/** Stands between exporters and the receiver: passes every request on and keeps those that were acknowledged. */
export async function startRecordingProxy(targetUrl: string) {
  const requests: RecordedRequest[] = [];
  const forward = async (request: IncomingMessage): Promise<Response> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = Object.fromEntries(
      KEPT_HEADERS.flatMap((name) => {
        const value = request.headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      }),
    );
    const recorded = { path: request.url ?? '/', headers, body: Buffer.concat(chunks) };
    const response = await send(targetUrl, recorded);
    if (response.ok) requests.push(recorded);
    return response;
  };
  const server = createServer((request, response) => {
    void (async () => {
      try {
        const answer = await forward(request);
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
        response.end(Buffer.from(await answer.arrayBuffer()));
      } catch {
        response.writeHead(503).end();
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends a recorded request to a receiver. */
export async function send(targetUrl: string, request: RecordedRequest): Promise<Response> {
  return fetch(`${targetUrl}${request.path}`, {
    method: 'POST',
    headers: request.headers,
    body: new Uint8Array(request.body),
  });
}

/** The body of a request as it was before compression. */
export function plainBody(request: RecordedRequest): Buffer {
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(request.body) : request.body;
}
