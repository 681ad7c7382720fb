import { addReading } from './add-reading.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import { countGrounding, isBilledBySearch, readUsageMetadata } from './generate-content.js';
import { asObject, asText, at, type JsonObject } from './json.js';
import { readTranscript } from './openai-other.js';
import { readReportedCost } from './reported-cost.js';
import { countUsage, type CountedUsage } from './token-totals.js';
import { responseCountsUnknown } from './unknown-counts.js';
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
    hasUnknown: responseCountsUnknown(usage, [input, output]),
  });
}

/** What a session has said so far about the models that answer in it, and of the answer that is not yet over. */
interface SessionModels {
  /** What the session says it is, else what was asked for when it was set up. */
  readonly answers?: string | undefined;
  /** The model that writes down what was said to it, where that was asked for. */
  readonly transcripts?: string | undefined;
  /** What Gemini searched for the turn that is going on; its usage follows. */
  readonly grounding?: JsonObject | undefined;
}

/** The models after a message; OpenAI named the transcription's elsewhere before its API left beta. */
function modelsAfter(message: JsonObject, before: SessionModels): SessionModels {
  const session = asObject(message['session']);
  const name = asText(session?.['model']) ?? asText(at(message, 'setup', 'model'));
  const transcripts =
    asText(at(session, 'audio', 'input', 'transcription', 'model')) ??
    asText(at(session, 'input_audio_transcription', 'model'));
  const grounding = asObject(at(message, 'serverContent', 'groundingMetadata'));
  if (name === undefined && transcripts === undefined && grounding === undefined) return before;
  return {
    answers: name?.split('/').at(-1) ?? before.answers,
    transcripts: transcripts ?? before.transcripts,
    grounding: grounding ?? before.grounding,
  };
}

/** The same once a message has been read: what was searched for a turn is billed with the turn. */
function modelsBehind(message: JsonObject, models: SessionModels): SessionModels {
  return models.grounding === undefined || message['usageMetadata'] === undefined
    ? models
    : { ...models, grounding: undefined };
}

/** What was said to a session, written down by another model and billed at its price. */
function readInputTranscript(message: JsonObject, model: string | undefined): UsageReading | undefined {
  const usage = asObject(message['usage']);
  if (message['type'] !== 'conversation.item.input_audio_transcription.completed' || usage === undefined)
    return undefined;
  return { ...readTranscript({ model, usage }), requestModel: model ?? '' };
}

/** A turn of Gemini Live with what was searched for it; lists have a price of that from Gemini 3 on. */
function readTurn(turn: JsonObject, model: string | undefined, grounding: JsonObject | undefined): UsageReading {
  const searched = grounding === undefined ? {} : countGrounding([grounding], model ?? '');
  const isPriced = isBilledBySearch(model ?? '');
  const hasSearched = Object.values(searched).some((count) => count > 0);
  return usageReading({
    ...readUsageMetadata(turn, isPriced ? searched : {}),
    responseModel: model,
    notCounted: hasSearched && !isPriced ? ['server_tools'] : [],
  });
}

/** One billed answer: a response (OpenAI, xAI), a turn (Gemini Live), a transcript; undefined for every other message. */
function readAnswer(message: JsonObject, models: SessionModels): UsageReading | undefined {
  const { answers, transcripts, grounding } = models;
  const turn = asObject(message['usageMetadata']);
  if (turn !== undefined) return readTurn(turn, answers, grounding);
  if (message['type'] !== 'response.done') return readInputTranscript(message, transcripts);
  const inside = asObject(at(message, 'response', 'usage'));
  // xAI leaves the response's own usage empty and states it beside.
  const usage = inside !== undefined && Object.keys(inside).length > 0 ? inside : asObject(message['usage']);
  if (usage === undefined) return undefined;
  const counted = readResponseUsage(usage);
  const status = asText(at(message, 'response', 'status'));
  return usageReading({
    ...counted,
    responseModel: answers,
    responseId: asText(at(message, 'response', 'id')),
    finishReasons: status === undefined ? [] : [status],
    reportedCostPicoUsd: readReportedCost(usage, counted.quality),
  });
}

function readAnswers(frames: readonly JsonObject[]): UsageReading[] {
  let models: SessionModels = {};
  return frames.flatMap((frame) => {
    const message = messageOf(frame);
    models = modelsAfter(message, models);
    const answer = readAnswer(message, models);
    models = modelsBehind(message, models);
    return answer ?? [];
  });
}

/** Folds the frames of a session into the sum of its answers; what another model did in it stands beside. */
function foldSession(): StreamFold {
  let models: SessionModels = {};
  let session: UsageReading | undefined;
  const beside: UsageReading[] = [];
  let characters = 0;
  let hasFrames = false;
  return {
    push(frame) {
      const message = messageOf(frame);
      hasFrames = true;
      models = modelsAfter(message, models);
      if (typeof message['delta'] === 'string') characters += message['delta'].length;
      const answer = readAnswer(message, models);
      models = modelsBehind(message, models);
      if (answer === undefined) return;
      if (answer.responseModel === models.answers) session = addReading(session, answer);
      else beside.push(answer);
    },
    finish() {
      const whole = session ?? (hasFrames ? usageReading({ responseModel: models.answers }) : undefined);
      return whole === undefined || beside.length === 0 ? whole : { ...whole, beside };
    },
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
