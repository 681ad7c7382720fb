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
  text,
  type ProviderServer,
  type Reply,
} from '../../../../packages/instrumentation/test/support/provider-server.js';
import { promiseShape, type Scenario } from './compare.js';
import {
  chatJson,
  embedJson,
  generateJson,
  lines,
  LLAMA,
  notFound,
  type OllamaModule,
  type OllamaStream,
} from './ollama.js';

const ask = () => ({ model: LLAMA, messages: [{ role: 'user', content: 'what is two and two?' }] });

/** An error with the field under which this SDK keeps the status. */
function withStatus(run: () => unknown): Promise<unknown> {
  return outcome(async () => {
    try {
      return await run();
    } catch (error) {
      return {
        status: (error as { status_code?: unknown }).status_code,
        again: await outcome(() => Promise.reject(error)),
      };
    }
  });
}

/** The scenarios of one version; each queues its replies, so that both runs see the same. */
export function ollamaScenarios(server: ProviderServer): Readonly<Record<string, Scenario<OllamaModule>>> {
  const clientOf = (module: OllamaModule) => new module.Ollama({ host: server.url });
  const streamOf = (module: OllamaModule, reply: Reply): Promise<OllamaStream> => {
    server.replies(reply);
    return clientOf(module).chat({ ...ask(), stream: true });
  };
  const requests = (): unknown => server.seen.map(({ url, body }) => ({ url, body }));

  return {
    'a chat answers': async (module) => {
      server.replies(chatJson());
      const request = ask();
      const promise = clientOf(module).chat(request);
      return { promise: promiseShape(promise), answer: await promise, requests: requests(), request };
    },
    'a chat with a picture': async (module) => {
      server.replies(chatJson());
      const request = { model: LLAMA, messages: [{ role: 'user', content: 'x', images: [new Uint8Array([1, 2, 3])] }] };
      return [await clientOf(module).chat(request), requests(), request];
    },
    'a frozen request': async (module) => {
      server.replies(chatJson());
      return outcome(() => clientOf(module).chat(deepFreeze(ask())));
    },
    'text is generated': async (module) => {
      server.replies(generateJson());
      return [await clientOf(module).generate({ model: LLAMA, prompt: 'x' }), requests()];
    },
    'text is embedded': async (module) => {
      server.replies(embedJson());
      return [await clientOf(module).embed({ model: 'nomic-embed-text', input: ['a', 'b'] }), requests()];
    },
    'text is embedded in the older way': async (module) => {
      server.replies(json({ embedding: [0.5] }));
      return clientOf(module).embeddings({ model: 'nomic-embed-text', prompt: 'x' });
    },
    'models are listed': async (module) => {
      server.replies(json({ models: [] }));
      return clientOf(module).list();
    },
    'chats run in parallel': async (module) => {
      server.replies(chatJson());
      const client = clientOf(module);
      return Promise.all([1, 2, 3].map(() => client.chat(ask())));
    },
    'a model is not there': async (module) => {
      server.replies(notFound());
      return withStatus(() => clientOf(module).chat(ask()));
    },
    'an error without JSON': async (module) => {
      server.replies(text('gone', 'text/plain', 500));
      return withStatus(() => clientOf(module).generate({ model: LLAMA, prompt: 'x' }));
    },
    'an answer that is no JSON': async (module) => {
      server.replies(text('<html>', 'text/html'));
      return outcome(() => clientOf(module).chat(ask()));
    },
    'a server that is not there': async (module) =>
      outcome(() => new module.Ollama({ host: 'http://127.0.0.1:1' }).chat(ask())),
    'a call without a request': async (module) =>
      outcome(() => clientOf(module).chat(undefined as unknown as ReturnType<typeof ask>)),
    'a failing call that nobody awaits': async (module) => {
      server.replies(notFound());
      return unhandledDuring(() => {
        void clientOf(module).chat(ask());
      });
    },
    'a stream is read': async (module) => {
      const stream = await streamOf(module, lines());
      return [shape(stream), await collect(stream), requests()];
    },
    'a stream of generated text is read': async (module) => {
      server.replies(lines({ field: 'response' }));
      return collect(await clientOf(module).generate({ model: LLAMA, prompt: 'x', stream: true }));
    },
    'a stream is read by hand': async (module) => {
      const iterator = (await streamOf(module, lines()))[Symbol.asyncIterator]();
      return [prototypeNames(iterator), await iterator.next(), await iterator.return?.(), await iterator.next()];
    },
    'a stream is read twice': async (module) => {
      const stream = await streamOf(module, lines());
      return [await collect(stream), await collect(stream)];
    },
    'a stream is left after a chunk': async (module) => {
      const stream = await streamOf(module, lines({ hold: true }));
      const seen: object[] = [];
      for await (const chunk of stream) {
        seen.push(chunk);
        break;
      }
      return [seen, await collect(stream)];
    },
    'a stream is never read': async (module) => shape(await streamOf(module, lines())),
    'a stream is aborted while it is read': async (module) => {
      const stream = await streamOf(module, lines({ hold: true }));
      const seen: object[] = [];
      const result = await outcome(async () => {
        for await (const chunk of stream) {
          seen.push(chunk);
          if (seen.length === 2) stream.abort();
        }
      });
      return [seen, result];
    },
    'a stream is aborted before it is read': async (module) => {
      const stream = await streamOf(module, lines({ hold: true }));
      stream.abort();
      return collect(stream);
    },
    'a client aborts all of its streams': async (module) => {
      server.replies(lines({ hold: true }));
      const client = clientOf(module);
      const stream = await client.chat({ ...ask(), stream: true });
      client.abort();
      return [await collect(stream), shape(client)];
    },
    'a stream ends in an error': async (module) => collect(await streamOf(module, lines({ error: true }))),
    'a stream ends too soon': async (module) => collect(await streamOf(module, lines({ cut: true }))),
    'a stream is refused': async (module) => withStatus(() => streamOf(module, notFound())),
    'the client of the default export': async (module) => [
      shape(module.default),
      await outcome(() => clientOf(module).abort()),
    ],
    'clients look the same': (module) => {
      const client = clientOf(module);
      const prototype = Object.getPrototypeOf(client) as Record<string, (...args: unknown[]) => unknown>;
      return Promise.resolve({
        client: shape(client),
        methods: ['chat', 'generate', 'embed', 'embeddings', 'list'].map((name) => [
          name,
          prototype[name]?.name,
          prototype[name]?.length,
        ]),
      });
    },
  };
}
