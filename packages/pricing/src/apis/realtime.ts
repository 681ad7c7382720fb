import { addReading } from './add-reading.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import { readUsageMetadata } from './generate-content.js';
import { asObject, asText, at, type JsonObject } from './json.js';
import { readReportedCost } from './reported-cost.js';
import { countUsage, type CountedUsage } from './token-totals.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** A frame of a recording wraps the message; a live one is the message. */
function messageOf(frame: JsonObject): JsonObject {
  return asObject(frame['data']) ?? frame;
}

/** Tokens of a modality that are not cached; unreadable counts pass through and are refused there. */
function uncached(all: unknown, cached: unknown): unknown {
  return typeof all === 'number' && typeof cached === 'number' ? Math.max(all - cached, 0) : all;
}

/** Reads the usage of one response of OpenAI's realtime API, also as xAI sends it. */
function readResponseUsage(usage: JsonObject): CountedUsage {
  const input = asObject(usage['input_token_details']) ?? asObject(usage['input_tokens_details']);
  const output = asObject(usage['output_token_details']) ?? asObject(usage['output_tokens_details']);
  const cached = asObject(input?.['cached_tokens_details']);
  const [cachedAudio, cachedImage] = [cached?.['audio_tokens'], cached?.['image_tokens']];
  return countUsage({
    input: usage['input_tokens'],
    output: usage['output_tokens'],
    total: usage['total_tokens'],
    inputParts: {
      cache_read_audio: cachedAudio,
      cache_read_image: cachedImage,
      cache_read: uncached(uncached(input?.['cached_tokens'], cachedAudio), cachedImage),
      input_audio: uncached(input?.['audio_tokens'], cachedAudio),
      input_image: uncached(input?.['image_tokens'], cachedImage),
    },
    outputParts: { reasoning: output?.['reasoning_tokens'], output_audio: output?.['audio_tokens'] },
  });
}

/** The model of a session: what the session says it is, else what was asked for when it was set up. */
function modelOf(message: JsonObject): string | undefined {
  const name = asText(at(message, 'session', 'model')) ?? asText(at(message, 'setup', 'model'));
  return name?.split('/').at(-1);
}

/** One billed answer: a response (OpenAI, xAI) or a turn (Gemini Live); undefined for every other message. */
function readAnswer(message: JsonObject, model: string | undefined): UsageReading | undefined {
  const turn = asObject(message['usageMetadata']);
  if (turn !== undefined) return usageReading({ ...readUsageMetadata(turn), responseModel: model });
  if (message['type'] !== 'response.done') return undefined;
  const inside = asObject(at(message, 'response', 'usage'));
  // xAI leaves the response's own usage empty and states it beside.
  const usage = inside !== undefined && Object.keys(inside).length > 0 ? inside : asObject(message['usage']);
  if (usage === undefined) return undefined;
  const counted = readResponseUsage(usage);
  const status = asText(at(message, 'response', 'status'));
  return usageReading({
    ...counted,
    responseModel: model,
    responseId: asText(at(message, 'response', 'id')),
    finishReasons: status === undefined ? [] : [status],
    reportedCostPicoUsd: readReportedCost(usage, counted.quality),
  });
}

function readAnswers(frames: readonly JsonObject[]): UsageReading[] {
  let model: string | undefined;
  return frames.flatMap((frame) => {
    const message = messageOf(frame);
    model = modelOf(message) ?? model;
    return readAnswer(message, model) ?? [];
  });
}

/** Folds the frames of a session into the sum of its answers. */
function foldSession(): StreamFold {
  let model: string | undefined;
  let session: UsageReading | undefined;
  let characters = 0;
  let hasFrames = false;
  return {
    push(frame) {
      const message = messageOf(frame);
      hasFrames = true;
      model = modelOf(message) ?? model;
      if (typeof message['delta'] === 'string') characters += message['delta'].length;
      const answer = readAnswer(message, model);
      if (answer !== undefined) session = addReading(session, answer);
    },
    finish: () => session ?? (hasFrames ? usageReading({ responseModel: model }) : undefined),
    outputCharacters: () => characters,
    isComplete: () => session !== undefined,
  };
}

/** A session that was not opened: an answer to the handshake, without usage. */
function readHandshake(body: JsonObject): UsageReading {
  return usageReading({ responseModel: asText(body['model']) });
}

/** Realtime sessions over WebSocket: OpenAI, Azure OpenAI, xAI, Gemini Live. */
export const REALTIME: ApiFamily = {
  apis: ['realtime'],
  read: readHandshake,
  fold: foldSession,
  readItems: readAnswers,
};
