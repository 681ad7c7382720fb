import { estimateRequestTokens, estimateTokens } from '../estimate.js';
import { MAX_BUCKET_COUNT, INPUT_BUCKETS, type Usage } from '../usage.js';
import { AI_SDK, AI_SDK_IMAGES } from './ai-sdk.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import { CHAT_COMPLETIONS, COMPLETIONS } from './chat-completions.js';
import { EMBEDDINGS } from './embeddings.js';
import { IMAGES } from './images.js';
import { asObject } from './json.js';
import { LANGCHAIN } from './langchain.js';
import { MESSAGES } from './messages.js';
import { CONVERSE, INVOKE_MODEL } from './bedrock.js';
import { COHERE_CHAT, COHERE_EMBED } from './cohere.js';
import { CACHED_CONTENTS } from './cached-contents.js';
import { EMBED_CONTENT, GENERATE_CONTENT } from './generate-content.js';
import { INTERACTIONS } from './interactions.js';
import { ASSISTANTS, AUDIO, BATCHES, OCR, REPORTED_COST_ONLY, RERANK, VIDEOS } from './openai-other.js';
import { MESSAGE_BATCHES } from './message-batches.js';
import { REALTIME } from './realtime.js';
import { OLLAMA } from './ollama.js';
import { RESPONSES } from './responses.js';
import type { UsageReading } from './usage-reading.js';

/** Every family of APIs that usage is read from; a new one is a file beside this and a row here. */
const API_FAMILIES: readonly ApiFamily[] = [
  CHAT_COMPLETIONS,
  RESPONSES,
  COMPLETIONS,
  EMBEDDINGS,
  MESSAGES,
  MESSAGE_BATCHES,
  REALTIME,
  GENERATE_CONTENT,
  EMBED_CONTENT,
  INTERACTIONS,
  CONVERSE,
  INVOKE_MODEL,
  COHERE_CHAT,
  COHERE_EMBED,
  ASSISTANTS,
  IMAGES,
  AUDIO,
  BATCHES,
  RERANK,
  OCR,
  VIDEOS,
  CACHED_CONTENTS,
  OLLAMA,
  REPORTED_COST_ONLY,
  AI_SDK,
  AI_SDK_IMAGES,
  LANGCHAIN,
];

const FAMILY_BY_API: ReadonlyMap<string, ApiFamily> = new Map(
  API_FAMILIES.flatMap((family) => family.apis.map((api) => [api, family] as const)),
);

/** The API names that `readUsage` knows, e.g. `chat.completions`. */
export const SUPPORTED_APIS: readonly string[] = [...FAMILY_BY_API.keys()];

/**
 * Reads usage, model, tier and finish reasons from a parsed JSON answer.
 * @param headers The response's headers in lower case, where the API counts there (Bedrock InvokeModel).
 * @returns undefined when the API is unknown or the body is no object; quality `missing` when no usage is stated.
 */
export function readUsage(api: string, provider: string, body: unknown, headers?: unknown): UsageReading | undefined {
  const family = FAMILY_BY_API.get(api);
  const object = asObject(body);
  return family === undefined || object === undefined ? undefined : family.read(object, provider, asObject(headers));
}

/**
 * Reads the billed answers of a body that holds several: the turns of a realtime session, the results of a batch.
 * @param events The parsed frames or lines; anything that is no object is ignored.
 * @returns undefined for an API whose interactions are one answer each.
 */
export function readItems(api: string, events: readonly unknown[]): readonly UsageReading[] | undefined {
  return FAMILY_BY_API.get(api)?.readItems?.(events.map(asObject).filter((event) => event !== undefined));
}

/** What `StreamReader.finish` may add when the stream carried no final usage. */
export interface FinishOptions {
  /** The request's parsed body: what was not reported is then estimated from text lengths, quality `estimated`. */
  readonly estimateFromRequest?: unknown;
}

/** Reads one stream; cheap enough to run for every chunk. */
export interface StreamReader {
  /** Takes one parsed event. Never throws; what is no event of the API is ignored. */
  push(event: unknown): void;
  /** The reading of everything pushed so far; undefined when nothing of this API was seen and nothing is estimated. */
  finish(options?: FinishOptions): UsageReading | undefined;
}

/** Starts to read a stream of the API; of an unknown API, or one without streams, the reader finds nothing. */
export function createStreamReader(api: string, provider: string): StreamReader {
  const fold = FAMILY_BY_API.get(api)?.fold?.(provider);
  return {
    push(event) {
      const object = asObject(event);
      if (object !== undefined) fold?.push(object);
    },
    finish(options) {
      const reading = fold?.finish();
      if (fold === undefined || fold.isComplete() || options?.estimateFromRequest === undefined) return reading;
      return withEstimate(reading, fold, options.estimateFromRequest);
    },
  };
}

/** Fills in what a broken-off stream did not report: input from the request, output from the text seen. */
function withEstimate(reading: UsageReading | undefined, fold: StreamFold, request: unknown): UsageReading {
  const reported: Usage = reading?.usage ?? {};
  const hasInput = INPUT_BUCKETS.some((bucket) => (reported[bucket] ?? 0) > 0);
  const input = hasInput ? {} : { input: Math.min(estimateRequestTokens(request), MAX_BUCKET_COUNT) };
  const output = Math.max(estimateTokens(fold.outputCharacters()), reported.output ?? 0);
  return {
    serviceTier: '',
    region: '',
    finishReasons: [],
    ...reading,
    usage: { ...reported, ...input, ...(output > 0 ? { output } : {}) },
    quality: 'estimated',
  };
}
