import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';

/** Where an application sends its spans and calls, and how it is guarded. */
export interface GuardedAppOptions {
  readonly otlpUrl: string;
  readonly costelUrl: string;
  readonly token: string;
  readonly providerUrl: string;
  readonly guardOptions?: Readonly<Record<string, unknown>>;
}

/** One call as the application makes it. */
export interface CallShape {
  readonly feature: string;
  /** Length of the prompt. */
  readonly characters: number;
  readonly maxTokens?: number | undefined;
  readonly stream?: boolean;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A process of its own whose calls are held to budgets. */
export class GuardedApp {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    child.once('exit', (code, signal) => {
      for (const [id, settle] of this.#waiting) settle({ id, error: `the application ended: ${code ?? signal}` });
      this.#waiting.clear();
    });
  }

  static async start(options: GuardedAppOptions): Promise<GuardedApp> {
    const file = resolve(import.meta.dirname, 'guarded-app.mjs');
    const app = new GuardedApp(
      fork(file, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
    await app.#answerOf(0);
    return app;
  }

  /** Tells the application to do something, and waits for its answer. */
  async tell<Result>(command: string, options: object = {}): Promise<Result> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = this.#answerOf(id);
    this.#child.send({ id, command, options });
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${command}: ${error}`);
    return result as Result;
  }

  /** Ends it as a crash does: nothing is flushed and nobody is told. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = new Promise((done) => this.#child.once('close', done));
    this.#child.kill('SIGKILL');
    await closed;
  }

  #answerOf(id: number): Promise<Answer> {
    return new Promise((done) => this.#waiting.set(id, done));
  }
}

/** A provider that bills 1000 tokens in and as many out as were allowed, 1000 at most: $0.0125 of gpt-4o at 1000. */
export class BillingProvider {
  /** Calls that were answered, and so billed. */
  billed = 0;
  /** Keeps requests without an answer while set. */
  isHanging = false;
  readonly #held: ServerResponse[] = [];
  readonly #server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (this.isHanging) this.#held.push(response);
      else this.#answer(JSON.parse(body) as { max_tokens?: number; stream?: boolean }, response);
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get waiting(): number {
    return this.#held.length;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(
    { max_tokens: maxTokens = 1000, stream }: { max_tokens?: number; stream?: boolean },
    response: ServerResponse,
  ): void {
    this.billed += 1;
    const completion = Math.min(maxTokens, 1000);
    const usage = { prompt_tokens: 1000, completion_tokens: completion, total_tokens: 1000 + completion };
    const id = `chatcmpl-${this.billed}`;
    const model = 'gpt-4o-2024-08-06';
    if (stream === true) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const chunk = { id, model, object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'four' } }] };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      response.end(`data: ${JSON.stringify({ ...chunk, choices: [], usage })}\n\ndata: [DONE]\n\n`);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    const message = { role: 'assistant', content: 'four' };
    response.end(
      JSON.stringify({
        id,
        model,
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      }),
    );
  }
}
