import {
  collect,
  deepFreeze,
  outcome,
  prototypeNames,
  shape,
  unhandledDuring,
} from '../../../../packages/instrumentation/test/conformance/observe.js';
import { bedrockError, bedrockJson, bedrockSilence, type BedrockReply, type BedrockServer } from './bedrock-server.js';
import {
  bedrockConfig,
  CONVERSE_INPUT,
  converseJson,
  converseStream,
  INVOKE_INPUT,
  invokeJson,
  invokeStream,
  type BedrockClient,
  type BedrockConfig,
  type BedrockModule,
  type BedrockOutput,
  type HowItGoes,
} from './bedrock.js';
import { promiseShape, type Scenario } from './compare.js';

/** What AWS's errors say beside what all errors say. */
async function awsOutcome(run: () => unknown): Promise<unknown> {
  return outcome(async () => {
    try {
      return await run();
    } catch (error) {
      const { name, $fault, $metadata } = error as { name: string; $fault?: unknown; $metadata?: object };
      return { name, $fault, $metadata, again: await outcome(() => Promise.reject(error)) };
    }
  });
}

function seen(output: BedrockOutput): unknown {
  const { stream, body, ...rest } = output;
  return {
    classes: prototypeNames(output),
    keys: Object.keys(output),
    rest,
    stream: stream !== undefined,
    body: body !== undefined,
  };
}

/** Its streams' chunks hold bytes, which are compared as text. */
async function chunks(stream: AsyncIterable<object> | undefined): Promise<unknown> {
  const { items, error } = (await collect(stream ?? failing())) as { items: object[]; error?: unknown };
  return { items: JSON.stringify(items), error };
}

async function* failing(): AsyncGenerator<object> {
  yield { missing: await Promise.resolve('a stream') };
}

/** The scenarios of one version; each queues its replies, so that both runs see the same. */
export function bedrockScenarios(server: BedrockServer): Readonly<Record<string, Scenario<BedrockModule>>> {
  /** Runs with a client that is closed afterwards. */
  async function withClient(
    module: BedrockModule,
    run: (client: BedrockClient) => Promise<unknown>,
    config: Partial<BedrockConfig> = {},
  ): Promise<unknown> {
    const client = new module.BedrockRuntimeClient(bedrockConfig(server.url, config));
    try {
      return await run(client);
    } finally {
      client.destroy();
    }
  }

  const converse =
    (reply: BedrockReply, config: Partial<BedrockConfig> = {}): Scenario<BedrockModule> =>
    (module) => {
      server.replies(reply);
      return withClient(
        module,
        (client) => awsOutcome(() => client.send(new module.ConverseCommand(CONVERSE_INPUT))),
        config,
      );
    };

  const streaming =
    (
      how: HowItGoes,
      use: (stream: AsyncIterable<object>, client: BedrockClient) => Promise<unknown>,
    ): Scenario<BedrockModule> =>
    (module) => {
      server.replies(converseStream(how));
      return withClient(module, async (client) => {
        const output = await client.send(new module.ConverseStreamCommand(CONVERSE_INPUT));
        return [seen(output), await use(output.stream ?? failing(), client)];
      });
    };

  return {
    'a conversation is answered': (module) => {
      server.replies(converseJson());
      return withClient(module, async (client) => {
        const promise = client.send(new module.ConverseCommand(CONVERSE_INPUT));
        return { promise: promiseShape(promise), output: seen(await promise), requests: [...server.seen] };
      });
    },
    'a model is invoked': (module) => {
      server.replies(invokeJson());
      return withClient(module, async (client) => {
        const output = await client.send(new module.InvokeModelCommand(INVOKE_INPUT));
        return [seen(output), output.body?.transformToString(), prototypeNames(output.body ?? {}), [...server.seen]];
      });
    },
    'a model is invoked with bytes': (module) => {
      server.replies(invokeJson());
      const body = new TextEncoder().encode(INVOKE_INPUT.body);
      return withClient(module, async (client) => {
        await client.send(new module.InvokeModelCommand({ ...INVOKE_INPUT, body }));
        return [[...server.seen], body.length];
      });
    },
    'an answer that is no JSON': (module) => {
      server.replies(bedrockJson('<html>'));
      return withClient(module, async (client) =>
        (await client.send(new module.InvokeModelCommand(INVOKE_INPUT))).body?.transformToString(),
      );
    },
    'a conversation whose answer is no JSON': converse(bedrockJson('<html>')),
    'a frozen command': (module) => {
      server.replies(converseJson());
      return withClient(module, async (client) => {
        const command = new module.ConverseCommand(deepFreeze(structuredClone(CONVERSE_INPUT)));
        return [seen(await client.send(command)), command.input];
      });
    },
    'a command is sent twice': (module) => {
      server.replies(converseJson());
      return withClient(module, async (client) => {
        const command = new module.ConverseCommand(CONVERSE_INPUT);
        return [seen(await client.send(command)), seen(await client.send(command)), server.seen.length, shape(command)];
      });
    },
    'a client that keeps its handlers': (module) => {
      server.replies(converseJson());
      const send = async (client: BedrockClient): Promise<unknown> =>
        seen(await client.send(new module.ConverseCommand(CONVERSE_INPUT)));
      return withClient(module, async (client) => [await send(client), await send(client)], { cacheMiddleware: true });
    },
    'commands run in parallel': (module) => {
      server.replies(converseJson());
      return withClient(module, (client) =>
        Promise.all([1, 2, 3].map(async () => seen(await client.send(new module.ConverseCommand(CONVERSE_INPUT))))),
      );
    },
    'a callback takes the answer': (module) => {
      server.replies(converseJson());
      return withClient(
        module,
        (client) =>
          new Promise((resolve) => {
            const returned: unknown = client.send(new module.ConverseCommand(CONVERSE_INPUT), (error, output) => {
              resolve([error, output === undefined ? undefined : seen(output), returned]);
            });
          }),
      );
    },
    'a callback takes the error': (module) => {
      server.replies(bedrockError('ThrottlingException', 429));
      return withClient(
        module,
        (client) =>
          new Promise((resolve) => {
            client.send(new module.ConverseCommand(CONVERSE_INPUT), (error, output) => {
              resolve([(error as Error).name, output]);
            });
          }),
      );
    },
    'the client with a method for each command': async (module) => {
      server.replies(converseJson());
      const client = new module.BedrockRuntime(bedrockConfig(server.url));
      const output = await client.converse(CONVERSE_INPUT);
      client.destroy();
      return seen(output);
    },
    'a throttled call': converse(bedrockError('ThrottlingException', 429)),
    'a refused call': converse(bedrockError('ValidationException', 400)),
    'an unknown error': converse(bedrockJson('gone', { 'content-type': 'text/plain' }, 502)),
    'a call that the SDK repeats': (module) => {
      server.replies(bedrockError('ServiceUnavailableException', 503), converseJson());
      return withClient(
        module,
        async (client) => {
          const output = await client.send(new module.ConverseCommand(CONVERSE_INPUT));
          return [output.$metadata.attempts, server.seen.length];
        },
        { maxAttempts: 2 },
      );
    },
    'a call that times out': converse(bedrockSilence, { requestHandler: { requestTimeout: 40 } }),
    'a server that is not there': async (module) => {
      const result = await converse(bedrockSilence, { endpoint: 'http://127.0.0.1:1' })(module);
      return JSON.stringify(result).includes('ECONNREFUSED');
    },
    'a call that is aborted before the answer': (module) => {
      server.replies(bedrockSilence);
      const controller = new AbortController();
      setTimeout(() => {
        controller.abort();
      }, 20);
      return withClient(module, (client) =>
        awsOutcome(() => client.send(new module.ConverseCommand(CONVERSE_INPUT), { abortSignal: controller.signal })),
      );
    },
    'a failing call that nobody awaits': (module) => {
      server.replies(bedrockError('ValidationException', 400));
      return withClient(module, (client) =>
        unhandledDuring(() => {
          void client.send(new module.ConverseCommand(CONVERSE_INPUT));
        }),
      );
    },
    'a call without a model': (module) => {
      server.replies(converseJson());
      return withClient(module, (client) =>
        awsOutcome(() => client.send(new module.ConverseCommand({ messages: [] }))),
      );
    },
    'a command that is none': (module) =>
      withClient(module, (client) =>
        awsOutcome(() => client.send({ input: {} } as unknown as InstanceType<BedrockModule['ConverseCommand']>)),
      ),
    'tokens are counted': (module) => {
      server.replies(bedrockJson({ inputTokens: 7 }));
      return withClient(module, async (client) =>
        seen(
          await client.send(
            new module.CountTokensCommand({ modelId: CONVERSE_INPUT.modelId, input: { converse: {} } }),
          ),
        ),
      );
    },
    'a stream is read': streaming({}, async (stream) => [shape(stream), await chunks(stream)]),
    'a stream is read by hand': streaming({}, async (stream) => {
      const iterator = stream[Symbol.asyncIterator]();
      return [prototypeNames(iterator), await iterator.next(), await iterator.return?.(), await iterator.next()];
    }),
    'a stream is left after a chunk': streaming({ hold: true }, async (stream) => {
      const read: object[] = [];
      for await (const chunk of stream) {
        read.push(chunk);
        break;
      }
      return read;
    }),
    'a stream is never read': streaming({}, (stream) => Promise.resolve(shape(stream))),
    'a stream ends in an exception': streaming({ failing: true }, chunks),
    'a stream is damaged': streaming({ corrupt: true }, chunks),
    'a stream is cut off': streaming({ cut: true }, chunks),
    'a stream is aborted while it is read': (module) => {
      server.replies(converseStream({ hold: true }));
      const controller = new AbortController();
      return withClient(module, async (client) => {
        const command = new module.ConverseStreamCommand(CONVERSE_INPUT);
        const { stream } = await client.send(command, { abortSignal: controller.signal });
        const read: object[] = [];
        const result = await outcome(async () => {
          for await (const chunk of stream ?? failing()) {
            read.push(chunk);
            if (read.length === 3) {
              controller.abort();
              client.destroy();
              break;
            }
          }
        });
        return [read, result];
      });
    },
    'a stream is refused': (module) => {
      server.replies(bedrockError('AccessDeniedException', 403));
      return withClient(module, (client) =>
        awsOutcome(() => client.send(new module.ConverseStreamCommand(CONVERSE_INPUT))),
      );
    },
    'a model is invoked and streamed': (module) => {
      server.replies(invokeStream());
      return withClient(module, async (client) => {
        const output = await client.send(new module.InvokeModelWithResponseStreamCommand(INVOKE_INPUT));
        return [seen(output), shape(output.body ?? {}), await chunks(output.body)];
      });
    },
    'an invoked stream ends in an exception': (module) => {
      server.replies(invokeStream({ failing: true }));
      return withClient(module, async (client) =>
        chunks((await client.send(new module.InvokeModelWithResponseStreamCommand(INVOKE_INPUT))).body),
      );
    },
    "the application's own middleware": (module) => {
      server.replies(converseJson());
      return withClient(module, async (client) => {
        const log: unknown[] = [];
        for (const step of ['initialize', 'serialize', 'build', 'finalizeRequest', 'deserialize'])
          client.middlewareStack.add(
            (next: (args: unknown) => Promise<unknown>) => async (args: unknown) => {
              log.push([step, Object.keys(args as object)]);
              return next(args);
            },
            { step, name: `app-${step}` },
          );
        await client.send(new module.ConverseCommand(CONVERSE_INPUT));
        return [log, client.middlewareStack.identify()];
      });
    },
    'client and commands look the same': (module) =>
      withClient(module, (client) => {
        const command = new module.ConverseCommand(CONVERSE_INPUT);
        return Promise.resolve({
          client: shape(client),
          stack: client.middlewareStack.identify(),
          command: shape(command),
          method: [command.resolveMiddleware.name, command.resolveMiddleware.length],
        });
      }),
  };
}
