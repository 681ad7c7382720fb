import type * as NodeHttp from 'node:http';
import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import { context, createContextKey } from '@opentelemetry/api';

/** An answer of the aggregator, or why there is none; errors never carry content. */
export type FeedResult = { readonly body: string } | { readonly problem: string };

/** The key under which OpenTelemetry's own exporters keep their requests from being traced. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** An answer larger than this is none: the aggregator's own limits keep far below. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

const TIMEOUT_MS = 5000;

type HttpModule = typeof NodeHttp;

/** Read when it is needed: bundlers for other runtimes stumble over an import. */
function httpModule(protocol: string): HttpModule | undefined {
  return process.getBuiltinModule?.(protocol === 'https:' ? 'node:https' : 'node:http') as HttpModule | undefined;
}

/** Posts reports to the aggregator on connections and timers that keep no process alive. */
export class StateFeed {
  readonly #url: URL;
  readonly #token: string | undefined;
  #agent: Agent | undefined;

  constructor(url: string, token: string | undefined) {
    this.#url = new URL(`${url}/api/v1/guard`);
    this.#token = token;
  }

  /** Never rejects. */
  post(body: string): Promise<FeedResult> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ problem: 'no answer within 5 s' }), TIMEOUT_MS);
      timer.unref();
      const settle = (result: FeedResult): void => {
        clearTimeout(timer);
        resolve(result);
      };
      try {
        context.with(context.active().setValue(SUPPRESS_TRACING, true), () => this.#send(body, settle));
      } catch (error) {
        settle({ problem: nameOf(error) });
      }
    });
  }

  close(): void {
    this.#agent?.destroy();
  }

  #send(body: string, settle: (result: FeedResult) => void): void {
    const http = httpModule(this.#url.protocol);
    if (http === undefined) {
      settle({ problem: 'this runtime has no node:http' });
      return;
    }
    this.#agent ??= new http.Agent({ keepAlive: true, maxSockets: 1 });
    const options: RequestOptions = {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      },
      timeout: TIMEOUT_MS,
    };
    const request = http.request(this.#url, options, (response) => read(response, settle));
    request.on('socket', (socket) => socket.unref());
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => settle({ problem: nameOf(error) }));
    request.end(body);
  }
}

function read(response: IncomingMessage, settle: (result: FeedResult) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) response.destroy(new Error('too large'));
    else chunks.push(chunk);
  });
  response.on('error', (error) => settle({ problem: nameOf(error) }));
  response.on('end', () => {
    const { statusCode } = response;
    settle(statusCode === 200 ? { body: Buffer.concat(chunks).toString() } : { problem: `HTTP ${statusCode}` });
  });
}

/** The error's code or class. */
function nameOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : error instanceof Error ? error.name : 'error';
}
