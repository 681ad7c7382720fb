import { json, sse, type Reply } from '../../../../packages/instrumentation/test/support/provider-server.js';

/** What the tests use of `@google/genai`; it is not installed where types are checked. */
export interface GenAiModule {
  readonly GoogleGenAI: new (options: GenAiOptions) => GenAiClient;
  readonly Models: { readonly prototype: object };
}

export interface GenAiOptions {
  readonly apiKey: string;
  readonly vertexai?: boolean;
  readonly httpOptions?: HttpOptions;
}

interface HttpOptions {
  readonly baseUrl?: string;
  readonly timeout?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly retryOptions?: { readonly attempts: number; readonly initialDelay: number; readonly jitter: number };
}

export interface GenerateParameters {
  readonly model: string;
  readonly contents: unknown;
  readonly config?: {
    readonly abortSignal?: AbortSignal;
    readonly httpOptions?: HttpOptions;
    readonly tools?: readonly unknown[];
    readonly systemInstruction?: string;
    readonly automaticContinuation?: boolean;
  };
}

export interface GenerateResponse {
  readonly text?: string;
  readonly sdkHttpResponse?: unknown;
}

export type GenerateStream = AsyncGenerator<GenerateResponse>;

export interface GenAiClient {
  readonly models: {
    generateContent(parameters: GenerateParameters): Promise<GenerateResponse>;
    generateContentStream(parameters: GenerateParameters): Promise<GenerateStream>;
    embedContent(parameters: { readonly model: string; readonly contents: unknown }): Promise<object>;
    generateImages(parameters: { readonly model: string; readonly prompt: string }): Promise<object>;
    generateVideos(parameters: {
      readonly model: string;
      readonly prompt: string;
      readonly config?: object | undefined;
    }): Promise<object>;
    countTokens(parameters: { readonly model: string; readonly contents: unknown }): Promise<object>;
  };
  readonly caches: {
    create(parameters: {
      readonly model: string;
      readonly config: { readonly contents: unknown; readonly ttl: string };
    }): Promise<object>;
  };
  readonly chats: { create(parameters: { readonly model: string }): Chat };
  readonly interactions: {
    create(parameters: { readonly model: string; readonly input: unknown; readonly stream?: false }): Promise<object>;
    create(parameters: {
      readonly model: string;
      readonly input: unknown;
      readonly stream: true;
    }): Promise<ReadableStream<unknown>>;
  };
}

interface Chat {
  sendMessage(parameters: { readonly message: string }): Promise<GenerateResponse>;
  sendMessageStream(parameters: { readonly message: string }): Promise<GenerateStream>;
  getHistory(): unknown;
}

export const GEMINI = 'gemini-2.5-flash';

/** Input 100 of which 40 cached, output 30 of which 20 thoughts. */
export const GEMINI_USAGE = {
  promptTokenCount: 100,
  cachedContentTokenCount: 40,
  candidatesTokenCount: 10,
  thoughtsTokenCount: 20,
  totalTokenCount: 130,
};

/** The same, as buckets. */
export const GEMINI_BUCKETS = { input: 60, cache_read: 40, output: 10, reasoning: 20 };

const part = (text: string) => ({ content: { role: 'model', parts: [{ text }] }, index: 0 });

export function generateBody(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    candidates: [{ ...part('four'), finishReason: 'STOP' }],
    usageMetadata: GEMINI_USAGE,
    modelVersion: GEMINI,
    responseId: 'response_fixed',
    ...more,
  };
}

export const generateJson = (more?: Record<string, unknown>): Reply => json(generateBody(more));

export const functionCallJson = (): Reply =>
  generateJson({
    candidates: [
      {
        content: { role: 'model', parts: [{ functionCall: { name: 'add', args: { a: 2, b: 2 } } }] },
        finishReason: 'STOP',
      },
    ],
  });

const chunk = (text: string, more: Record<string, unknown> = {}) => ({
  data: {
    candidates: [
      { ...part(text), ...(more['finishReason'] === undefined ? {} : { finishReason: more['finishReason'] }) },
    ],
    modelVersion: GEMINI,
    responseId: 'response_fixed',
    ...(more['usageMetadata'] === undefined ? {} : { usageMetadata: more['usageMetadata'] }),
  },
});

/** Three chunks, the counts in the last; `hold` leaves the connection open after two, `failing` sends an error third. */
export function generateSse(how: { hold?: boolean; failing?: boolean; malformed?: boolean } = {}): Reply {
  const opening = [chunk('two and two '), chunk('make ')];
  if (how.hold === true) return sse(opening, { hold: true });
  if (how.failing === true)
    return sse([...opening, { data: { error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } } }]);
  if (how.malformed === true) return sse([...opening, { data: '{"candidates": [' }]);
  return sse([...opening, chunk('four', { finishReason: 'STOP', usageMetadata: GEMINI_USAGE })]);
}

export const embedJson = (): Reply =>
  json({ embeddings: [{ values: [0.25, -0.5] }], usageMetadata: { promptTokenCount: 42, totalTokenCount: 42 } });

/** As Vertex AI answers: 5 and 7 tokens. */
export const predictJson = (): Reply =>
  json({
    predictions: [5, 7].map((tokens) => ({
      embeddings: { values: [0.25], statistics: { token_count: tokens, truncated: false } },
    })),
    metadata: { billableCharacterCount: 40 },
  });

export const imagesJson = (): Reply =>
  json({
    predictions: [
      { mimeType: 'image/png', bytesBase64Encoded: 'AAAA' },
      { mimeType: 'image/png', bytesBase64Encoded: 'BBBB' },
      { raiFilteredReason: 'filtered' },
    ],
  });

/** 50,000 tokens for 90 minutes, which are 75,000 token-hours. */
export const cacheJson = (name = 'cachedContents/fixed'): Reply =>
  json({
    name,
    model: `models/${GEMINI}`,
    createTime: '2026-11-01T00:00:00Z',
    updateTime: '2026-11-01T00:00:00Z',
    expireTime: '2026-11-01T01:30:00Z',
    usageMetadata: { totalTokenCount: 50_000 },
  });

export const INTERACTION_USAGE = {
  total_input_tokens: 50,
  total_output_tokens: 8,
  total_thought_tokens: 4,
  total_tokens: 62,
};

const interaction = (more: Record<string, unknown> = {}) => ({
  id: 'interaction_fixed',
  object: 'interaction',
  model: GEMINI,
  role: 'model',
  status: 'completed',
  created: '2026-11-01T00:00:00Z',
  updated: '2026-11-01T00:00:00Z',
  outputs: [{ type: 'text', text: 'four' }],
  usage: INTERACTION_USAGE,
  ...more,
});

export const interactionJson = (): Reply => json(interaction());

export function interactionSse(how: { hold?: boolean } = {}): Reply {
  const { usage: _usage, ...started } = interaction({ status: 'in_progress', outputs: [] });
  const events = [
    { event_type: 'interaction.created', interaction: started },
    { event_type: 'step.start', index: 0, step: { type: 'model_output' } },
    { event_type: 'step.delta', index: 0, delta: { type: 'text', text: 'two and two make ' } },
    { event_type: 'step.delta', index: 0, delta: { type: 'text', text: 'four' } },
  ];
  const closing = [
    { event_type: 'step.stop', index: 0 },
    { event_type: 'interaction.completed', interaction: interaction() },
  ];
  const rows = how.hold === true ? events : [...events, ...closing];
  return sse(
    rows.map((data) => ({ event: data.event_type, data })),
    how.hold === true ? { hold: true } : { done: true },
  );
}

/** An error as Google answers it. */
export const googleError = (code: number, status: string): Reply =>
  json({ error: { code, message: `refused: ${status}`, status } }, { status: code });
