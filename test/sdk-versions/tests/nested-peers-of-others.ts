import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import type { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { loadAnthropic, type AnthropicCopy } from '../../../packages/instrumentation/test/support/sdk-copies.js';
import { forgetPackages, loadSdk } from './load-sdk.js';
import { answering, CHAT_USD, message, MESSAGE_USD, type AnthropicModule, type NestedCase } from './nested-calls.js';
import { manuallyInstrument, openLit } from './nested-peers.js';
import { BedrockServer, type BedrockReply } from './support/bedrock-server.js';
import {
  bedrockConfig,
  CLAUDE,
  CLAUDE_BUCKETS,
  CONVERSE_BUCKETS,
  CONVERSE_INPUT,
  converseJson,
  converseStream,
  INVOKE_INPUT,
  invokeJson,
  invokeStream,
  NOVA,
  type BedrockClient,
  type BedrockModule,
} from './support/bedrock.js';

interface Peer<Module> {
  readonly name: string;
  readonly patch: (module: Module) => void;
}

/** Another instrumentation that patches a module before ours does, so that it is inside, and after. */
function bothWays<Module>(
  { name, patch }: Peer<Module>,
  what: string,
  load: () => Module,
): readonly { readonly name: string; readonly load: () => Module }[] {
  const inside = (): Module => {
    const module = load();
    patch(module);
    return instrumentModule(module);
  };
  const around = (): Module => {
    const module = instrumentModule(load());
    patch(module);
    return module;
  };
  return [
    { name: `${name} inside ours, ${what}`, load: inside },
    { name: `${name} around ours, ${what}`, load: around },
  ];
}

interface AnthropicPeer extends Peer<AnthropicModule> {
  /** Versions that it can patch: one without spans of its own, one with. */
  readonly copies: readonly AnthropicCopy[];
}

const ANTHROPIC_PEERS: readonly AnthropicPeer[] = [
  {
    name: 'OpenInference',
    copies: ['anthropic-0-133', 'anthropic-1'],
    patch: (module) =>
      manuallyInstrument('@arizeai/openinference-instrumentation-anthropic', 'AnthropicInstrumentation', module),
  },
  {
    name: 'Traceloop',
    // It throws at version 1, which has no `Completions` any more.
    copies: ['anthropic-0-133', 'anthropic-0'],
    patch: (module) => manuallyInstrument('@traceloop/instrumentation-anthropic', 'AnthropicInstrumentation', module),
  },
  {
    name: 'OpenLIT',
    // Version 1 is no place for it either.
    copies: ['anthropic-0-133', 'anthropic-0'],
    patch: (module) => openLit('anthropic', module),
  },
];

const OF_ANTHROPIC = ANTHROPIC_PEERS.flatMap((peer) =>
  peer.copies.flatMap((copy) =>
    bothWays(peer, copy, () => loadAnthropic(copy, true)).flatMap(({ name, load }): NestedCase[] => [
      { name, usd: MESSAGE_USD, run: (server) => message(load(), server) },
      { name: `${name}, of a stream`, usd: MESSAGE_USD, run: (server) => message(load(), server, true) },
    ]),
  ),
);

export const CONVERSE_USD = Number(costOf('aws.bedrock', NOVA, CONVERSE_BUCKETS));

/** A reply under a request id of its own, which some take for the answer's. */
export const requested =
  (reply: BedrockReply, id: string): BedrockReply =>
  (response) => {
    const writeHead = response.writeHead.bind(response);
    Object.assign(response, {
      writeHead: (status: number, headers: object) => writeHead(status, { ...headers, 'x-amzn-requestid': id }),
    });
    return reply(response);
  };

/** Gives a client of a Bedrock that answers so. */
async function withBedrock(
  module: BedrockModule,
  replies: readonly BedrockReply[],
  use: (client: BedrockClient) => Promise<void>,
): Promise<void> {
  const server = new BedrockServer();
  await server.start();
  const client = new module.BedrockRuntimeClient(bedrockConfig(server.url));
  try {
    server.replies(...replies.map((reply, index) => requested(reply, `request-${index}`)));
    await use(client);
  } finally {
    client.destroy();
    await server.stop();
  }
}

/** An answer and a stream of Bedrock, which name no id. */
const converse = (module: BedrockModule): Promise<void> =>
  withBedrock(module, [converseJson(), converseStream()], async (client) => {
    await client.send(new module.ConverseCommand(CONVERSE_INPUT));
    const { stream } = await client.send(new module.ConverseStreamCommand(CONVERSE_INPUT));
    for await (const event of stream ?? []) if (event === null) throw new Error('no event');
  });

/** The same by the model's own API, the only one that Traceloop reads; of a stream it leaves the application nothing. */
const invoke = (module: BedrockModule): Promise<void> =>
  withBedrock(module, [invokeJson(), invokeStream({ id: 'msg_streamed' })], async (client) => {
    await client.send(new module.InvokeModelCommand(INVOKE_INPUT));
    await client.send(new module.InvokeModelWithResponseStreamCommand(INVOKE_INPUT));
  });

const BEDROCK_PEERS = [
  { name: 'OpenLIT', patch: (module: BedrockModule) => openLit('bedrock', module), usd: CONVERSE_USD, use: converse },
  {
    name: 'Traceloop',
    patch: (module: BedrockModule) =>
      manuallyInstrument('@traceloop/instrumentation-bedrock', 'BedrockInstrumentation', module),
    usd: Number(costOf('aws.bedrock', CLAUDE, CLAUDE_BUCKETS)),
    use: invoke,
  },
];

const OF_BEDROCK = BEDROCK_PEERS.flatMap(({ usd, use, ...peer }) =>
  bothWays(
    peer,
    'an answer and a stream of bedrock-3',
    () => loadSdk('bedrock-3', '@aws-sdk/client-bedrock-runtime', true) as BedrockModule,
  ).map(({ name, load }): NestedCase => ({ name, usd: 2 * usd, run: () => use(load()) })),
);

interface ChatModel {
  invoke(input: string): Promise<unknown>;
  stream(input: string): Promise<AsyncIterable<unknown>>;
}

/** An answer and a stream of LangChain's model of OpenAI, with callbacks of another instrumentation. */
async function askLangChain(server: ProviderServer, peer: Peer<unknown>, patchesSdk: boolean): Promise<void> {
  forgetPackages(['@langchain/core', '@langchain/openai', 'openai']);
  const load = (name: string) => loadSdk('langchain-1', name) as Record<string, unknown>;
  if (patchesSdk) instrumentModule(load('openai'));
  const { ChatOpenAI } = load('@langchain/openai') as unknown as { ChatOpenAI: new (settings: object) => ChatModel };
  instrumentModule(load('@langchain/core/language_models/chat_models'));
  peer.patch(load('@langchain/core/callbacks/manager'));
  const model = new ChatOpenAI({ model: 'gpt-4o', apiKey: 'key', configuration: { baseURL: `${server.url}/v1` } });
  answering(server);
  await model.invoke('two and two?');
  answering(server);
  for await (const chunk of await model.stream('two and two?')) if (chunk === null) throw new Error('no chunk');
}

const LANGCHAIN_PEERS: readonly Peer<unknown>[] = [
  { name: 'OpenLIT', patch: (callbacks) => openLit('langchain', callbacks) },
  {
    name: 'Traceloop',
    patch: (callbacks) =>
      manuallyInstrument('@traceloop/instrumentation-langchain', 'LangChainInstrumentation', {
        callbackManagerModule: callbacks,
      }),
  },
];

const OF_LANGCHAIN = LANGCHAIN_PEERS.flatMap((peer) =>
  [true, false].map((patchesSdk): NestedCase => ({
    name: `${peer.name}’s callbacks, LangChain over an SDK that is ${patchesSdk ? '' : 'not '}patched`,
    usd: 2 * CHAT_USD,
    run: (server) => askLangChain(server, peer, patchesSdk),
  })),
);

/** Other instrumentations of SDKs beside OpenAI's in the process. */
export const SIDE_BY_SIDE_OF_OTHERS: readonly NestedCase[] = [...OF_ANTHROPIC, ...OF_BEDROCK, ...OF_LANGCHAIN];
