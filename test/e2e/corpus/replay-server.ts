import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Recording } from './recordings.js';

/** Headers that describe the recorded transfer, not the answer. */
const TRANSFER_HEADERS = new Set([
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'alt-svc',
]);

/** What a provider says of a body of that kind; many recordings were stored without their headers. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  sse: 'text/event-stream',
  ndjson: 'application/x-jsonl',
  text: 'text/plain',
};

/** The request header by which a client names the recording that it wants. */
export const RECORDING_HEADER = 'x-recording';

export interface ReplayServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers each request with the recording that its header names; event streams are sent in three pieces. */
export async function startReplayServer(recordings: readonly Recording[]): Promise<ReplayServer> {
  const byId = new Map(recordings.map((recording) => [recording.id, recording]));
  const server = createServer((request, response) => {
    request.resume();
    const recording = byId.get(String(request.headers[RECORDING_HEADER]));
    if (!recording) {
      response.writeHead(500).end(`no recording "${String(request.headers[RECORDING_HEADER])}"`);
      return;
    }
    for (const [name, value] of Object.entries(recording.response.headers)) {
      if (!TRANSFER_HEADERS.has(name.toLowerCase())) response.setHeader(name, value);
    }
    const contentType = CONTENT_TYPES[recording.response.body_kind];
    if (!response.hasHeader('content-type') && contentType) response.setHeader('content-type', contentType);
    // A recorded "retry me" would only make the client wait; the answer under test is the same.
    response.setHeader('x-should-retry', 'false');
    response.writeHead(recording.response.status);
    const body = bodyOf(recording);
    const third = Math.ceil(body.length / 3) || 1;
    for (let start = 0; start < body.length; start += third) response.write(body.subarray(start, start + third));
    response.end();
  });
  // On a busy machine an idle connection would be closed at the instant at which the client uses it again.
  server.keepAliveTimeout = 0;
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function bodyOf(recording: Recording): Buffer {
  if (recording.response.body_base64 !== undefined) return Buffer.from(recording.response.body_base64, 'base64');
  const text = recording.response.body ?? '';
  return Buffer.from(typeof text === 'string' ? text : JSON.stringify(text));
}
