import type { Recording } from '../../../e2e/corpus/recordings.js';

/*
 * Which recordings each suite of the corpus replays. Every suite takes what it replays from here, and the census counts
 * by the same functions.
 */

/** Where each recorded provider is reached by a client of OpenAI's SDK. */
export const COMPATIBLE_BASE_URLS: Readonly<Record<string, string>> = {
  alibaba: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
  bedrock: 'https://bedrock-mantle.us-east-1.api.aws/v1',
  cerebras: 'https://api.cerebras.ai/v1',
  deepseek: 'https://api.deepseek.com',
  google: 'https://generativelanguage.googleapis.com/v1beta/openai',
  gpustack: 'http://gpustack.internal/v1',
  groq: 'https://api.groq.com/openai/v1',
  heroku: 'https://us.inference.heroku.com/v1',
  huggingface: 'https://router.huggingface.co/v1',
  local: 'http://localhost:8000/v1',
  mistral: 'https://api.mistral.ai/v1',
  moonshot: 'https://api.moonshot.ai/v1',
  ollama: 'https://ollama.com/v1',
  openrouter: 'https://openrouter.ai/api/v1',
  perplexity: 'https://api.perplexity.ai',
  portkey: 'https://api.portkey.ai/v1',
  pydantic_gateway: 'https://gateway.pydantic.dev/proxy/openai',
  snowflake: 'https://example.snowflakecomputing.com/api/v2/cortex/v1',
  together: 'https://api.together.xyz/v1',
  voyage: 'https://api.voyageai.com/v1',
  writer: 'https://api.writer.com/v1',
  xai: 'https://api.x.ai/v1',
  zai: 'https://api.z.ai/api/paas/v4',
};

/** Recorded calls by the method of the client that makes them. */
export const COMPATIBLE_METHODS: Readonly<Record<string, readonly string[]>> = {
  'chat.completions': ['chat', 'completions', 'create'],
  responses: ['responses', 'create'],
  completions: ['completions', 'create'],
  embeddings: ['embeddings', 'create'],
  images: ['images', 'generate'],
};

/** The copies whose SDK is that of one compatible provider, by the provider. */
const OWN_SDKS: Readonly<Record<string, readonly string[]>> = {
  groq: ['chat.completions'],
  together: ['chat.completions', 'completions', 'embeddings', 'images'],
};

const isPost = ({ request }: Recording): boolean => (request?.method ?? 'POST') === 'POST';

/** A reranking that is filed under chats: it has no choices. */
const isMisfiled = ({ provider, api }: Recording): boolean => provider === 'voyage' && api === 'chat.completions';

/** Through a client of OpenAI's SDK at the provider's own address. */
export function isCompatible(recording: Recording): boolean {
  const { api, provider } = recording;
  return (
    COMPATIBLE_BASE_URLS[provider] !== undefined &&
    COMPATIBLE_METHODS[api] !== undefined &&
    isPost(recording) &&
    !isMisfiled(recording)
  );
}

/** Through the SDK of the provider, where that is generated like OpenAI's. */
export function isOfOwnSdk(recording: Recording): boolean {
  return isPost(recording) && (OWN_SDKS[recording.provider] ?? []).includes(recording.api);
}

/** Through OpenAI's and Anthropic's SDK (test/e2e/corpus): everything over HTTP, Anthropic's API at a gateway too. */
export const isOpenAiOrAnthropic = ({ provider, api, response }: Recording): boolean =>
  (['openai', 'azure', 'anthropic'].includes(provider) && response.body_kind !== 'ws-frames-ndjson') ||
  (provider === 'local' && api === 'messages');

/** Through OpenAI's web sockets. */
export const isSession = ({ provider, api, response }: Recording): boolean =>
  ['openai', 'azure', 'xai'].includes(provider) && api === 'realtime' && response.body_kind === 'ws-frames-ndjson';

/** Through Google's live sessions. */
export const isLive = ({ provider, api, response }: Recording): boolean =>
  provider === 'google' && api === 'realtime' && response.body_kind === 'ws-frames-ndjson';

const GOOGLE_APIS: ReadonlySet<string> = new Set(['generateContent', 'embedContent', 'interactions']);

/**
 * The SDK always asks for server-sent events, never for a stream as one JSON array; `predict` is its way to Vertex AI, and
 * that to ask for a video.
 */
export const isGoogle = (recording: Recording): boolean =>
  ['google', 'google_vertex'].includes(recording.provider) &&
  recording.response.body_kind !== 'jsonarray' &&
  (GOOGLE_APIS.has(recording.api) || recording.api === 'predict' || isNewCache(recording));

/** A cache that is created, which is billed; looking at one, changing and deleting it has no method that is counted. */
export const isNewCache = ({ api, request }: Recording): boolean =>
  api === 'cachedContents' && request?.method === 'POST';

/** A video that is asked for; its end is recorded of none. */
export const isVideoStart = ({ api, provider }: Recording): boolean => provider === 'google' && api === 'predict';

/** Bedrock streams frames; what was stored as server-sent events is no answer of its own. */
export const isBedrock = ({ provider, api, response }: Recording): boolean =>
  provider === 'bedrock' && ['converse', 'invoke_model'].includes(api) && response.body_kind !== 'sse';

export const isOllama = ({ provider, api }: Recording): boolean =>
  provider === 'ollama' && (api === 'ollama.chat' || api === 'ollama.generate');

export const isMistral = ({ provider }: Recording): boolean => provider === 'mistral';

/** Speech, which versions 1 have no method for. */
export const isMistralSpeech = ({ provider, request }: Recording): boolean =>
  provider === 'mistral' && request !== null && new URL(request.url).pathname.endsWith('/speech');

export const isCohere = ({ provider, api }: Recording): boolean => provider === 'cohere' && api !== 'audio';

/** Every suite, by the name that the census prints. */
export const SUITES: Readonly<Record<string, (recording: Recording) => boolean>> = {
  'openai, @anthropic-ai/sdk': isOpenAiOrAnthropic,
  'openai at the provider’s address': isCompatible,
  'groq-sdk, together-ai': isOfOwnSdk,
  'openai’s web sockets': isSession,
  '@google/genai': isGoogle,
  '@google/genai’s live sessions': isLive,
  '@aws-sdk/client-bedrock-runtime': isBedrock,
  ollama: isOllama,
  '@mistralai/mistralai': isMistral,
  'cohere-ai': isCohere,
};
