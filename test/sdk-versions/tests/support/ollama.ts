import { json, type Reply } from '../../../../packages/instrumentation/test/support/provider-server.js';

/** What the tests use of `ollama`; it is not installed where types are checked. */
export interface OllamaModule {
  readonly Ollama: new (config: { readonly host: string }) => OllamaClient;
  readonly default: OllamaClient;
}

export interface OllamaStream extends AsyncIterable<object> {
  abort(): void;
}

interface ChatRequest {
  model: string;
  messages: { role: string; content: string; images?: (string | Uint8Array)[] }[];
  stream?: boolean;
}

interface GenerateRequest {
  model: string;
  prompt: string;
  stream?: boolean;
}

export interface OllamaClient {
  chat(request: ChatRequest & { stream: true }): Promise<OllamaStream>;
  chat(request: ChatRequest): Promise<object>;
  generate(request: GenerateRequest & { stream: true }): Promise<OllamaStream>;
  generate(request: GenerateRequest): Promise<object>;
  embed(request: { model: string; input: string | string[] }): Promise<object>;
  embeddings(request: { model: string; prompt: string }): Promise<object>;
  list(): Promise<object>;
  abort(): void;
}

export const LLAMA = 'llama3.2';

const COUNTS = { total_duration: 9, prompt_eval_count: 26, prompt_eval_duration: 3, eval_count: 12, eval_duration: 5 };

export const chatJson = (): Reply =>
  json({
    model: LLAMA,
    created_at: '2026-11-01T00:00:00Z',
    message: { role: 'assistant', content: 'four' },
    done: true,
    done_reason: 'stop',
    ...COUNTS,
  });

export const generateJson = (): Reply =>
  json({
    model: LLAMA,
    created_at: '2026-11-01T00:00:00Z',
    response: 'four',
    done: true,
    done_reason: 'stop',
    ...COUNTS,
  });

export const embedJson = (): Reply =>
  json({ model: 'nomic-embed-text', embeddings: [[0.25, -0.5]], total_duration: 9, prompt_eval_count: 7 });

/** One line of JSON a chunk; `hold` keeps the connection open after two. */
export function lines(
  how: { hold?: boolean; error?: boolean; cut?: boolean; field?: 'message' | 'response' } = {},
): Reply {
  const text = (content: string) =>
    how.field === 'response' ? { response: content } : { message: { role: 'assistant', content } };
  const chunk = (content: string) => ({
    model: LLAMA,
    created_at: '2026-11-01T00:00:00Z',
    ...text(content),
    done: false,
  });
  const opening: object[] = [chunk('two and two '), chunk('make ')];
  const last = { ...chunk('four'), done: true, done_reason: 'stop', ...COUNTS };
  const rows =
    how.hold === true || how.cut === true
      ? opening
      : [...opening, how.error === true ? { error: 'out of memory' } : last];
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const row of rows) {
      response.write(`${JSON.stringify(row)}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (how.hold !== true) response.end();
  };
}

export const notFound = (): Reply => json({ error: `model "${LLAMA}" not found` }, { status: 404 });
