import {
  collect,
  deepFreeze,
  outcome,
  prototypeNames,
  shape,
  unhandledDuring,
} from '../../../../packages/instrumentation/test/conformance/observe.js';
import {
  json,
  silence,
  text,
  type ProviderServer,
  type Reply,
} from '../../../../packages/instrumentation/test/support/provider-server.js';
import { promiseShape, type Scenario } from './compare.js';
import {
  cacheJson,
  embedJson,
  functionCallJson,
  GEMINI,
  generateJson,
  generateSse,
  googleError,
  imagesJson,
  interactionJson,
  interactionSse,
  predictJson,
  type GenAiClient,
  type GenAiModule,
  type GenAiOptions,
  type GenerateStream,
} from './google-genai.js';

const ASK = { model: GEMINI, contents: 'what is two and two?' };

/** An answer without what differs from run to run: the date of its headers. */
function seen(response: object): unknown {
  const { sdkHttpResponse, ...rest } = response as { sdkHttpResponse?: { headers?: Record<string, string> } };
  return {
    rest,
    classes: prototypeNames(response),
    keys: Object.keys(response),
    headers: Object.keys(sdkHttpResponse?.headers ?? {}),
  };
}

async function chunks(stream: AsyncIterable<object>): Promise<unknown> {
  const { items, error } = (await collect(stream)) as { items: object[]; error?: unknown };
  return { items: items.map(seen), error };
}

/** An error whose body is the HTTP response itself, with its clocks. */
function withoutBody(result: unknown): unknown {
  const { error, ...rest } = result as { error?: Record<string, unknown> };
  return { ...rest, error: { ...error, body: typeof error?.['body'] } };
}

/** Waits until the server lost a connection that it holds open. */
async function untilClosed(server: ProviderServer): Promise<number> {
  const deadline = Date.now() + 1000;
  while (server.closedByClient === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  return server.closedByClient;
}

/** The scenarios of one version; each queues its replies, so that both runs see the same. */
export function genAiScenarios(server: ProviderServer): Readonly<Record<string, Scenario<GenAiModule>>> {
  const clientOf = (module: GenAiModule, options: Partial<GenAiOptions> = {}): GenAiClient =>
    new module.GoogleGenAI({ apiKey: 'key', ...options, httpOptions: { baseUrl: server.url, ...options.httpOptions } });
  const streamOf = (module: GenAiModule, reply: Reply, signal?: AbortSignal): Promise<GenerateStream> => {
    server.replies(reply);
    const config = signal === undefined ? {} : { config: { abortSignal: signal } };
    return clientOf(module).models.generateContentStream({ ...ASK, ...config });
  };
  const requests = (): unknown => server.seen.map(({ url, body }) => ({ url, body }));

  return {
    'content is generated': async (module) => {
      server.replies(generateJson());
      const promise = clientOf(module).models.generateContent(ASK);
      const response = await promise;
      return { promise: promiseShape(promise), answer: seen(response), text: response.text, requests: requests() };
    },
    'content is generated with instructions, from a frozen request': async (module) => {
      server.replies(generateJson());
      const request = deepFreeze({
        model: `models/${GEMINI}`,
        contents: [{ role: 'user', parts: [{ text: 'x' }] }],
        config: { systemInstruction: 'be short' },
      });
      return [seen(await clientOf(module).models.generateContent(request)), requests(), request];
    },
    'several calls run in parallel': async (module) => {
      server.replies(generateJson());
      const client = clientOf(module);
      const answers = await Promise.all(
        [1, 2, 3].map((n) => client.models.generateContent({ ...ASK, contents: `${n}` })),
      );
      return answers.map(seen);
    },
    'an answer without usage': async (module) => {
      server.replies(json({ candidates: [] }));
      return seen(await clientOf(module).models.generateContent(ASK));
    },
    'an answer that is no JSON': async (module) => {
      server.replies(text('<html>', 'text/html'));
      return outcome(() => clientOf(module).models.generateContent(ASK));
    },
    'a rate limit': async (module) => {
      server.replies(googleError(429, 'RESOURCE_EXHAUSTED'));
      return outcome(() => clientOf(module).models.generateContent(ASK));
    },
    'an error without a JSON body': async (module) => {
      server.replies(text('gone', 'text/plain', 502));
      return outcome(() => clientOf(module).models.generateContent(ASK));
    },
    'a call that the SDK repeats': async (module) => {
      server.replies(googleError(503, 'UNAVAILABLE'), googleError(503, 'UNAVAILABLE'), generateJson());
      const client = clientOf(module, {
        httpOptions: { retryOptions: { attempts: 3, initialDelay: 0.001, jitter: 0 } },
      });
      return [seen(await client.models.generateContent(ASK)), server.seen.length];
    },
    'a call that times out': async (module) => {
      server.replies(silence);
      const client = clientOf(module, { httpOptions: { timeout: 30 } });
      return outcome(() => client.models.generateContent(ASK));
    },
    'a call that is aborted before the answer': async (module) => {
      server.replies(silence);
      const controller = new AbortController();
      const promise = clientOf(module).models.generateContent({ ...ASK, config: { abortSignal: controller.signal } });
      setTimeout(() => {
        controller.abort();
      }, 20);
      return outcome(() => promise);
    },
    'a server that is not there': async (module) => {
      const client = clientOf(module, { httpOptions: { baseUrl: 'http://127.0.0.1:1' } });
      return outcome(() => client.models.generateContent(ASK));
    },
    'a failing call that nobody awaits': async (module) => {
      server.replies(googleError(400, 'INVALID_ARGUMENT'));
      return unhandledDuring(() => {
        void clientOf(module).models.generateContent(ASK);
      });
    },
    'a failing stream that nobody awaits': async (module) => {
      server.replies(googleError(400, 'INVALID_ARGUMENT'));
      return unhandledDuring(() => {
        void clientOf(module).models.generateContentStream(ASK);
      });
    },
    'a call without a model': async (module) => {
      server.replies(generateJson());
      return outcome(() => clientOf(module).models.generateContent({ contents: 'x' } as typeof ASK));
    },
    'a stream is read': async (module) => {
      const stream = await streamOf(module, generateSse());
      return { shape: shape(stream), chunks: await chunks(stream), requests: requests() };
    },
    'a stream is read by hand': async (module) => {
      const stream = await streamOf(module, generateSse());
      const first = await stream.next();
      const returned = await stream.return(undefined);
      return [seen(first.value as object), returned, await stream.next()];
    },
    'a stream is thrown into': async (module) => {
      const stream = await streamOf(module, generateSse());
      await stream.next();
      return [await outcome(() => stream.throw(new Error('enough'))), await stream.next()];
    },
    'a stream is left after a chunk': async (module) => {
      const stream = await streamOf(module, generateSse({ hold: true }));
      const texts: unknown[] = [];
      for await (const { text: part } of stream) {
        texts.push(part);
        break;
      }
      return [texts, await stream.next()];
    },
    'a stream is never read': async (module) => {
      const stream = await streamOf(module, generateSse());
      return shape(stream);
    },
    'a stream is aborted while it is read': async (module) => {
      const controller = new AbortController();
      const stream = await streamOf(module, generateSse({ hold: true }), controller.signal);
      const texts: unknown[] = [];
      const result = await outcome(async () => {
        for await (const { text: part } of stream) {
          texts.push(part);
          if (texts.length === 2) controller.abort();
        }
      });
      return [texts, result, await untilClosed(server)];
    },
    'a stream is aborted before it is read': async (module) => {
      const controller = new AbortController();
      const stream = await streamOf(module, generateSse({ hold: true }), controller.signal);
      controller.abort();
      return [await chunks(stream), await untilClosed(server)];
    },
    'a stream ends in an error': async (module) => chunks(await streamOf(module, generateSse({ failing: true }))),
    'a stream holds a malformed chunk': async (module) =>
      chunks(await streamOf(module, generateSse({ malformed: true }))),
    'a stream is refused': async (module) => outcome(() => streamOf(module, googleError(429, 'RESOURCE_EXHAUSTED'))),
    'a stream is cut off by the network': async (module) =>
      chunks(
        await streamOf(module, async (request, response) => {
          await generateSse({ hold: true })(request, response);
          response.destroy();
        }),
      ),
    'an answer is continued by the SDK': async (module) => {
      server.replies(generateJson({ continuationToken: 'more', candidates: [] }), generateJson());
      return [seen(await clientOf(module).models.generateContent(ASK)), server.seen.length];
    },
    'tools are called by the SDK': async (module) => {
      server.replies(functionCallJson(), generateJson());
      const calls: unknown[] = [];
      const tool = {
        tool: () => Promise.resolve({ functionDeclarations: [{ name: 'add', description: 'adds' }] }),
        callTool: (asked: unknown) => {
          calls.push(asked);
          return Promise.resolve([{ functionResponse: { name: 'add', response: { result: 4 } } }]);
        },
      };
      const response = await clientOf(module).models.generateContent({ ...ASK, config: { tools: [tool] } });
      return [seen(response), calls, requests()];
    },
    'a chat goes on': async (module) => {
      server.replies(generateJson());
      const chat = clientOf(module).chats.create({ model: GEMINI });
      const first = await chat.sendMessage({ message: 'one' });
      const second = await chat.sendMessage({ message: 'two' });
      return [seen(first), seen(second), chat.getHistory(), requests()];
    },
    'a chat is streamed': async (module) => {
      server.replies(generateSse());
      const chat = clientOf(module).chats.create({ model: GEMINI });
      const stream = await chat.sendMessageStream({ message: 'one' });
      return [shape(stream), await chunks(stream), chat.getHistory()];
    },
    'a chat is refused, and goes on': async (module) => {
      server.replies(googleError(500, 'INTERNAL'), generateJson());
      const chat = clientOf(module).chats.create({ model: GEMINI });
      return [
        await outcome(() => chat.sendMessage({ message: 'one' })),
        seen(await chat.sendMessage({ message: 'two' })),
      ];
    },
    'text is embedded': async (module) => {
      server.replies(embedJson());
      const response = await clientOf(module).models.embedContent({
        model: 'gemini-embedding-001',
        contents: ['a', 'b'],
      });
      return [seen(response), requests()];
    },
    'tokens are counted': async (module) => {
      server.replies(json({ totalTokens: 7 }));
      return seen(await clientOf(module).models.countTokens(ASK));
    },
    'a cache is created': async (module) => {
      server.replies(cacheJson());
      const created = clientOf(module).caches.create({ model: GEMINI, config: { contents: 'long', ttl: '5400s' } });
      return [promiseShape(created), seen(await created), requests()];
    },
    'a cache is refused': async (module) => {
      server.replies(googleError(400, 'INVALID_ARGUMENT'));
      const config = { contents: 'short', ttl: '60s' };
      return withoutBody(await outcome(() => clientOf(module).caches.create({ model: GEMINI, config })));
    },
    'Vertex AI generates': async (module) => {
      server.replies(generateJson());
      return [seen(await clientOf(module, { vertexai: true }).models.generateContent(ASK)), requests()];
    },
    'Vertex AI streams': async (module) => {
      server.replies(generateSse());
      return chunks(await clientOf(module, { vertexai: true }).models.generateContentStream(ASK));
    },
    'Vertex AI embeds': async (module) => {
      server.replies(predictJson());
      const client = clientOf(module, { vertexai: true });
      return seen(await client.models.embedContent({ model: 'text-embedding-005', contents: ['a', 'b'] }));
    },
    'Vertex AI makes images': async (module) => {
      server.replies(imagesJson());
      const client = clientOf(module, { vertexai: true });
      return seen(await client.models.generateImages({ model: 'imagen-3.0-generate-001', prompt: 'a cat' }));
    },
    'an interaction is created': async (module) => {
      server.replies(interactionJson());
      return [seen(await clientOf(module).interactions.create({ model: GEMINI, input: 'x' })), requests()];
    },
    'an interaction is refused': async (module) => {
      server.replies(googleError(404, 'NOT_FOUND'));
      return withoutBody(await outcome(() => clientOf(module).interactions.create({ model: GEMINI, input: 'x' })));
    },
    'a failing interaction that nobody awaits': async (module) => {
      server.replies(googleError(404, 'NOT_FOUND'));
      const rejections = await unhandledDuring(() => {
        void clientOf(module).interactions.create({ model: GEMINI, input: 'x' });
      });
      return rejections.map((error) => withoutBody({ error }));
    },
    'an interaction is streamed': async (module) => {
      server.replies(interactionSse());
      const stream = await clientOf(module).interactions.create({ model: GEMINI, input: 'x', stream: true });
      return [shape(stream), await collect(stream)];
    },
    'an interaction is read by a reader and cancelled': async (module) => {
      server.replies(interactionSse({ hold: true }));
      const stream = await clientOf(module).interactions.create({ model: GEMINI, input: 'x', stream: true });
      const reader = stream.getReader();
      const first = await reader.read();
      await reader.cancel();
      return [first, stream.locked, await reader.read()];
    },
    'an interaction is teed': async (module) => {
      server.replies(interactionSse());
      const stream = await clientOf(module).interactions.create({ model: GEMINI, input: 'x', stream: true });
      const halves = stream.tee();
      return Promise.all(halves.map(collect));
    },
    'client and models look the same': (module) => {
      const client = clientOf(module);
      const { models } = client;
      const prototype = module.Models.prototype as Record<string, (...args: unknown[]) => unknown>;
      return Promise.resolve({
        client: shape(client),
        models: shape(models),
        methods: Object.getOwnPropertyNames(prototype).map((name) => [
          name,
          prototype[name]?.name,
          prototype[name]?.length,
          Object.getOwnPropertyDescriptor(prototype, name)?.enumerable,
        ]),
        own: Object.getOwnPropertyNames(Object.getPrototypeOf(client) as object),
      });
    },
  };
}
