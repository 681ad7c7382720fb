import { Readable } from 'node:stream';
import { loadAi } from '../ai-sdk.js';
import { forgetPackages, loadSdk } from '../load-sdk.js';
import { CONVERSE_INPUT } from './bedrock.js';
import { eventFrame } from './event-stream.js';

/*
 * Streams of each SDK over a source in this process, so that what is pulled, in which turn of the event loop, and what
 * stays in memory can be told exactly.
 */

type Settings = Readonly<Record<string, unknown>>;
type Constructor = new (settings: Settings) => Record<string, never>;

/** The bytes of the stream's piece at that place, and of its end. */
export interface Wire {
  piece(index: number): string | Uint8Array;
  readonly end: string | Uint8Array;
}

/** A provider's answer that is made while it is read. */
export class Source {
  /** Pieces that were asked for so far. */
  pulled = 0;
  readonly #wire: Wire;
  readonly #pieces: number;

  constructor(wire: Wire, pieces: number) {
    this.#wire = wire;
    this.#pieces = pieces;
  }

  /** The next piece, in a turn of its own as from a network; undefined after the end. */
  async next(): Promise<Uint8Array | undefined> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.nextNow();
  }

  /** The next piece at once. */
  nextNow(): Uint8Array | undefined {
    const index = this.pulled;
    if (index > this.#pieces) return undefined;
    this.pulled += 1;
    const piece = index === this.#pieces ? this.#wire.end : this.#wire.piece(index);
    return typeof piece === 'string' ? Buffer.from(piece) : piece;
  }
}

/** Takes a module of an SDK and gives the one to use. */
export type Instrument = (module: unknown) => unknown;

/** An SDK whose streams are watched. */
export interface FlowSdk {
  readonly copy: string;
  readonly wire: Wire;
  /** Loads a copy of its own, and lets it be instrumented. */
  load(instrument: Instrument): unknown;
  /** Asks for a stream, which the global `fetch` or the handler answers from the source. */
  open(module: never, source: Source, isPaced: boolean): Promise<AsyncIterable<unknown>>;
}

const ASK = [{ role: 'user', content: 'two and two?' }];
const NEVER = 'http://127.0.0.1:9';

const data = (value: object, event?: string): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(value)}\n\n`;

const chatChunk = (content: string, more: object = {}): string =>
  data({
    id: 'c-fixed',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-4o',
    choices: [{ index: 0, delta: { content }, finish_reason: null, ...more }],
  });

const CHAT: Wire = {
  piece: (index) => chatChunk(`word ${index} `),
  end: `${chatChunk('', { finish_reason: 'stop' })}data: [DONE]\n\n`,
};

const typed = (type: string, value: object = {}): string => data({ type, ...value }, type);

const OLLAMA: Wire = {
  piece: (index) =>
    `${JSON.stringify({ model: 'llama3.2', message: { role: 'assistant', content: `word ${index} ` }, done: false })}\n`,
  end: `${JSON.stringify({ model: 'llama3.2', message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', prompt_eval_count: 9, eval_count: 50 })}\n`,
};

const MESSAGES: Wire = {
  piece: (index) =>
    index === 0
      ? typed('message_start', {
          message: {
            id: 'm-fixed',
            type: 'message',
            role: 'assistant',
            model: 'claude-sonnet-4-6',
            content: [],
            usage: { input_tokens: 9, output_tokens: 1 },
          },
        })
      : typed('content_block_delta', { index: 0, delta: { type: 'text_delta', text: `word ${index} ` } }),
  end:
    typed('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 50 } }) +
    typed('message_stop'),
};

const GEMINI: Wire = {
  piece: (index) =>
    data({ candidates: [{ content: { role: 'model', parts: [{ text: `word ${index} ` }] }, index: 0 }] }),
  end: data({
    candidates: [{ content: { role: 'model', parts: [{ text: '.' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 50, totalTokenCount: 59 },
  }),
};

const COHERE: Wire = {
  piece: (index) => typed('content-delta', { index: 0, delta: { message: { content: { text: `word ${index} ` } } } }),
  end: typed('message-end', {
    delta: { finish_reason: 'COMPLETE', usage: { billed_units: { input_tokens: 9, output_tokens: 50 } } },
  }),
};

const CONVERSE: Wire = {
  piece: (index) => eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: `word ${index} ` } }),
  end: eventFrame('metadata', { usage: { inputTokens: 9, outputTokens: 50, totalTokens: 59 }, metrics: {} }),
};

/** Answers every request from the source; nothing is asked for ahead of the reader. */
function fetchFrom(source: Source, isPaced: boolean): typeof fetch {
  return () => {
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const piece = isPaced ? await source.next() : source.nextNow();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 },
    );
    return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
  };
}

/** The same for Bedrock, whose SDK reads Node's own streams. */
function handlerFrom(source: Source, isPaced: boolean): object {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = isPaced ? await source.next() : source.nextNow();
      if (piece === undefined) return;
      yield piece;
    }
  }
  return {
    metadata: { handlerProtocol: 'h2' },
    httpHandlerConfigs: () => ({}),
    updateHttpClientConfig: () => undefined,
    handle: async () => ({
      response: {
        statusCode: 200,
        headers: { 'content-type': 'application/vnd.amazon.eventstream' },
        body: Readable.from(pieces(), { objectMode: true, highWaterMark: 1 }),
      },
    }),
  };
}

/** Puts the source behind the global `fetch` for as long as the request takes to be answered. */
async function throughFetch<Result>(source: Source, isPaced: boolean, ask: () => Promise<Result>): Promise<Result> {
  const before = globalThis.fetch;
  globalThis.fetch = fetchFrom(source, isPaced);
  try {
    return await ask();
  } finally {
    globalThis.fetch = before;
  }
}

function viaFetch(
  ask: (module: never) => Promise<AsyncIterable<unknown>>,
): (module: never, source: Source, isPaced: boolean) => Promise<AsyncIterable<unknown>> {
  return (module, source, isPaced) => throughFetch(source, isPaced, () => ask(module));
}

type Nested<Path extends string> = Path extends `${infer First}.${infer Rest}`
  ? { readonly [Name in First]: Nested<Rest> }
  : { readonly [Name in Path]: (request: object) => Promise<AsyncIterable<unknown>> };

function clientOf<Path extends string>(Client: Constructor, settings: Settings, _path: Path): Nested<Path> {
  return new Client(settings) as unknown as Nested<Path>;
}

function fresh(copy: string, name: string): (instrument: Instrument) => unknown {
  return (instrument) => {
    forgetPackages([name]);
    return instrument(loadSdk(copy, name, true));
  };
}

/** The AI SDK's models are classes of its providers, which are patched when they are seen: those are loaded anew too. */
function freshAi(instrument: Instrument): unknown {
  forgetPackages(['ai', '@ai-sdk/openai']);
  const { streamText } = instrument(loadAi('ai-7')) as { streamText: unknown };
  const { createOpenAI } = loadSdk('ai-7', '@ai-sdk/openai') as { createOpenAI: unknown };
  return { streamText, createOpenAI };
}

/** An SDK that Stainless generated, as OpenAI's was, with its settings beside the key. */
const stainless = (copy: string, moduleName: string, model: string): FlowSdk => ({
  copy,
  wire: CHAT,
  load: fresh(copy, moduleName),
  open: (module, source, isPaced) => {
    const { default: Client } = module as { default: Constructor };
    const settings = { apiKey: 'k', baseURL: NEVER, maxRetries: 0, fetch: fetchFrom(source, isPaced) };
    const client = clientOf(Client, settings, 'chat.completions.create');
    return client.chat.completions.create({ model, stream: true, messages: ASK });
  },
});

/** Every way in which streams are listened to, by the SDK that needs it. */
export const FLOW_SDKS: readonly FlowSdk[] = [
  stainless('groq-1', 'groq-sdk', 'llama-3.3-70b-versatile'),
  stainless('together-0', 'together-ai', 'meta-llama/Llama-3.3-70B-Instruct-Turbo'),
  {
    copy: 'ollama-0',
    wire: OLLAMA,
    load: fresh('ollama-0', 'ollama'),
    open: (module, source, isPaced) => {
      const { Ollama } = module as { Ollama: Constructor };
      const client = clientOf(Ollama, { host: NEVER, fetch: fetchFrom(source, isPaced) }, 'chat');
      return client.chat({ model: 'llama3.2', stream: true, messages: ASK });
    },
  },
  {
    copy: 'openai',
    wire: CHAT,
    load: fresh('.', 'openai'),
    open: viaFetch(({ OpenAI }: { OpenAI: Constructor }) =>
      clientOf(
        OpenAI,
        { apiKey: 'k', baseURL: NEVER, maxRetries: 0 },
        'chat.completions.create',
      ).chat.completions.create({ model: 'gpt-4o', stream: true, messages: ASK }),
    ),
  },
  {
    copy: 'anthropic',
    wire: MESSAGES,
    load: fresh('.', '@anthropic-ai/sdk'),
    open: viaFetch(({ Anthropic }: { Anthropic: Constructor }) =>
      clientOf(Anthropic, { apiKey: 'k', baseURL: NEVER, maxRetries: 0 }, 'messages.create').messages.create({
        model: 'claude-sonnet-4-6',
        max_tokens: 64,
        stream: true,
        messages: ASK,
      }),
    ),
  },
  {
    copy: 'google-genai-3',
    wire: GEMINI,
    load: fresh('google-genai-3', '@google/genai'),
    open: viaFetch(({ GoogleGenAI }: { GoogleGenAI: Constructor }) =>
      clientOf(
        GoogleGenAI,
        { apiKey: 'k', httpOptions: { baseUrl: NEVER } },
        'models.generateContentStream',
      ).models.generateContentStream({ model: 'gemini-2.5-flash', contents: 'two and two?' }),
    ),
  },
  {
    copy: 'bedrock-3',
    wire: CONVERSE,
    load: fresh('bedrock-3', '@aws-sdk/client-bedrock-runtime'),
    async open(module, source, isPaced) {
      const { BedrockRuntimeClient, ConverseStreamCommand } = module as {
        BedrockRuntimeClient: Constructor;
        ConverseStreamCommand: new (input: object) => object;
      };
      const client = new BedrockRuntimeClient({
        region: 'us-west-2',
        credentials: { accessKeyId: 'a', secretAccessKey: 's' },
        requestHandler: handlerFrom(source, isPaced),
      }) as unknown as { send(command: object): Promise<{ readonly stream?: AsyncIterable<unknown> }> };
      const { stream } = await client.send(new ConverseStreamCommand(CONVERSE_INPUT));
      if (stream === undefined) throw new Error('Bedrock answered without a stream');
      return stream;
    },
  },
  {
    copy: 'mistral-2',
    wire: CHAT,
    load: fresh('mistral-2', '@mistralai/mistralai'),
    open: viaFetch(({ Mistral }: { Mistral: Constructor }) =>
      clientOf(
        Mistral,
        { apiKey: 'k', serverURL: NEVER, retryConfig: { strategy: 'none' } },
        'chat.stream',
      ).chat.stream({ model: 'mistral-small-latest', messages: ASK }),
    ),
  },
  {
    copy: 'cohere-8',
    wire: COHERE,
    load: fresh('cohere-8', 'cohere-ai'),
    open: viaFetch(({ CohereClientV2 }: { CohereClientV2: Constructor }) =>
      clientOf(CohereClientV2, { token: 'k', environment: NEVER }, 'chatStream').chatStream({
        model: 'command-a-03-2025',
        messages: ASK,
      }),
    ),
  },
  {
    copy: 'ai-7',
    wire: CHAT,
    load: freshAi,
    async open(module, source, isPaced) {
      const { streamText, createOpenAI } = module as {
        streamText: (settings: Settings) => { textStream: AsyncIterable<unknown> };
        createOpenAI: (settings: Settings) => { chat(model: string): unknown };
      };
      const openai = createOpenAI({ apiKey: 'k', baseURL: NEVER, fetch: fetchFrom(source, isPaced) });
      return streamText({ model: openai.chat('gpt-4o'), prompt: 'two and two?', maxRetries: 0 }).textStream;
    },
  },
];
