import { bedrockJson, bedrockStream, type BedrockReply } from './bedrock-server.js';
import { chunkFrame, eventFrame, exceptionFrame } from './event-stream.js';

/** What the tests use of `@aws-sdk/client-bedrock-runtime`; it is not installed where types are checked. */
export interface BedrockModule {
  readonly BedrockRuntimeClient: new (config: BedrockConfig) => BedrockClient;
  readonly BedrockRuntime: new (config: BedrockConfig) => BedrockClient & {
    converse(input: object): Promise<BedrockOutput>;
    converse(input: object, callback: (error: unknown, output?: BedrockOutput) => void): void;
  };
  readonly ConverseCommand: CommandClass;
  readonly ConverseStreamCommand: CommandClass;
  readonly InvokeModelCommand: CommandClass;
  readonly InvokeModelWithResponseStreamCommand: CommandClass;
  readonly CountTokensCommand: CommandClass;
}

export interface Command {
  readonly input: object;
  resolveMiddleware(...args: unknown[]): unknown;
}

type CommandClass = new (input: object) => Command;

export interface BedrockConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts?: number;
  readonly cacheMiddleware?: boolean;
  /** Options of the SDK's own handler, or another handler. */
  readonly requestHandler?: object;
}

export interface BedrockOutput {
  readonly $metadata: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly stream?: AsyncIterable<object>;
  readonly body?: Uint8Array & AsyncIterable<object> & { transformToString(): string };
}

export interface BedrockClient {
  readonly middlewareStack: {
    identify(): readonly string[];
    add(middleware: unknown, options: object): void;
  };
  readonly config: object;
  send(command: Command, options?: { readonly abortSignal?: AbortSignal }): Promise<BedrockOutput>;
  send(command: Command, callback: (error: unknown, output?: BedrockOutput) => void): void;
  destroy(): void;
}

export const NOVA = 'us.amazon.nova-lite-v1:0';

/** Input 80 and 16 cached tokens beside them, output 12. */
export const CONVERSE_USAGE = {
  inputTokens: 80,
  outputTokens: 12,
  totalTokens: 108,
  cacheReadInputTokens: 16,
  cacheWriteInputTokens: 0,
};

/** The same, as buckets. */
export const CONVERSE_BUCKETS = { input: 80, cache_read: 16, output: 12 };

const message = { role: 'assistant', content: [{ text: 'four' }] };

export const converseJson = (more: Record<string, unknown> = {}): BedrockReply =>
  bedrockJson({
    output: { message },
    stopReason: 'end_turn',
    usage: CONVERSE_USAGE,
    metrics: { latencyMs: 120 },
    ...more,
  });

/** "two and two make " are 17 characters. */
const OPENING = [
  eventFrame('messageStart', { role: 'assistant' }),
  eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'two and two ' } }),
  eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'make ' } }),
];

const CLOSING = [
  eventFrame('contentBlockStop', { contentBlockIndex: 0 }),
  eventFrame('messageStop', { stopReason: 'end_turn' }),
  eventFrame('metadata', { usage: CONVERSE_USAGE, metrics: { latencyMs: 120 } }),
];

export interface HowItGoes {
  readonly hold?: boolean;
  readonly cut?: boolean;
  readonly failing?: boolean;
  readonly corrupt?: boolean;
}

/** The checksum of a frame does not fit when a byte in its middle is another. */
function corrupted(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy.writeUInt8(copy.readUInt8(middle) ^ 1, middle);
  return copy;
}

function rest(closing: readonly Buffer[], how: HowItGoes): readonly Buffer[] {
  if (how.hold === true || how.cut === true) return [];
  if (how.failing === true) return [exceptionFrame('throttlingException', { message: 'slow down' })];
  return how.corrupt === true ? closing.map(corrupted) : closing;
}

export const converseStream = (how: HowItGoes = {}): BedrockReply =>
  bedrockStream([...OPENING, ...rest(CLOSING, how)], how);

export const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';

export const CLAUDE_USAGE = { input_tokens: 30, cache_read_input_tokens: 10, output_tokens: 6 };

export const CLAUDE_BUCKETS = { input: 30, cache_read: 10, output: 6 };

const claude = (more: Record<string, unknown> = {}) => ({
  id: 'msg_fixed',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5-20250929',
  content: [{ type: 'text', text: 'four' }],
  stop_reason: 'end_turn',
  usage: CLAUDE_USAGE,
  ...more,
});

export const invokeJson = (): BedrockReply => bedrockJson(claude(), { 'x-amzn-bedrock-input-token-count': '30' });

/** A model whose body has no counts: Bedrock's headers have them. */
export const invokeCounted = (body: unknown = { generation: 'four' }): BedrockReply =>
  bedrockJson(body, { 'x-amzn-bedrock-input-token-count': '21', 'x-amzn-bedrock-output-token-count': '3' });

const invokeOpening = (id: string): readonly Buffer[] => [
  chunkFrame({
    type: 'message_start',
    message: claude({ id, content: [], usage: { ...CLAUDE_USAGE, output_tokens: 1 } }),
  }),
  chunkFrame({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  chunkFrame({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'two and two make ' } }),
];

const INVOKE_CLOSING = [
  chunkFrame({ type: 'content_block_stop', index: 0 }),
  chunkFrame({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 6 } }),
  chunkFrame({
    type: 'message_stop',
    'amazon-bedrock-invocationMetrics': { inputTokenCount: 30, outputTokenCount: 6, cacheReadInputTokenCount: 10 },
  }),
];

export const invokeStream = (how: HowItGoes & { readonly id?: string } = {}): BedrockReply =>
  bedrockStream([...invokeOpening(how.id ?? 'msg_fixed'), ...rest(INVOKE_CLOSING, how)], how);

export const CONVERSE_INPUT = {
  modelId: NOVA,
  messages: [{ role: 'user', content: [{ text: 'what is two and two?' }] }],
};

export const INVOKE_INPUT = {
  modelId: CLAUDE,
  contentType: 'application/json',
  body: JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 9,
    messages: [{ role: 'user', content: 'what is two and two?' }],
  }),
};

/** A configuration that needs nothing of the machine. */
export const bedrockConfig = (url: string, more: Partial<BedrockConfig> = {}): BedrockConfig => ({
  region: 'us-west-2',
  endpoint: url,
  credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  maxAttempts: 1,
  ...more,
});
