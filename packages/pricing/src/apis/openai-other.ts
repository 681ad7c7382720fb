import type { ApiFamily, StreamFold } from './api-family.js';
import { readOpenAiShape } from './chat-completions.js';
import { sumOf } from './generate-content.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { readMedia } from './media-usage.js';
import { readReportedCost } from './reported-cost.js';
import { readServiceTier } from './service-tier.js';
import { countUsage } from './token-totals.js';
import { responseCountsUnknown } from './unknown-counts.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** Whether a list of tools, or of calls of them, has the one that runs code. */
function hasInterpreter(tools: unknown): boolean {
  return asList(tools).some((tool) => at(tool, 'type') === 'code_interpreter');
}

/**
 * A run, and whether code ran in it: then it had a container, which is billed once. Where only the run itself is seen,
 * nobody says whether the interpreter that it was given was used.
 */
function readRun(run: JsonObject, ranCode?: boolean): UsageReading {
  const status = asText(run['status']);
  const reading = readOpenAiShape(run, asObject(run['usage']), status === undefined ? [] : [status]);
  if (reading.quality === 'missing') return reading;
  if (ranCode === true) return { ...reading, usage: { ...reading.usage, code_execution: 1 } };
  return ranCode === undefined && hasInterpreter(run['tools']) ? { ...reading, notCounted: ['server_tools'] } : reading;
}

/** Folds the events of a run: the last run object that has usage counts, and whether a step ran code; messages do not. */
function foldRun(): StreamFold {
  let run: JsonObject | undefined;
  let ranCode = false;
  return {
    push(event) {
      if (event['object'] === 'thread.run') run = event;
      ranCode ||= hasInterpreter(at(event, 'step_details', 'tool_calls'));
    },
    finish: () => (run === undefined ? undefined : readRun(run, ranCode)),
    outputCharacters: () => 0,
    isComplete: () => asObject(run?.['usage']) !== undefined,
  };
}

/** OpenAI assistants: a run has the usage of all its steps. */
export const ASSISTANTS: ApiFamily = { apis: ['assistants'], read: (run) => readRun(run), fold: foldRun };

/** Its end has the usage; the length of the sound cannot be told from the text, so nothing is estimated. */
function foldTranscript(): StreamFold {
  let last: JsonObject | undefined;
  return {
    push(event) {
      if (asObject(event['usage']) !== undefined) last = event;
    },
    finish: () => (last === undefined ? undefined : readTranscript(last)),
    outputCharacters: () => 0,
    isComplete: () => true,
  };
}

/** Seconds of sound as they are billed: begun ones are whole. */
function wholeSeconds(value: unknown): unknown {
  return typeof value === 'number' ? Math.ceil(value) : value;
}

/** Mistral counts the tokens of sound beside the prompt, and bills the seconds. */
function readMistralAudio(body: JsonObject, usage: JsonObject): UsageReading {
  const details = asObject(usage['prompt_tokens_details']) ?? {};
  return usageReading({
    ...countUsage({
      input: sumOf(usage['prompt_tokens'], details['audio_tokens']),
      output: usage['completion_tokens'],
      total: usage['total_tokens'],
      inputParts: { cache_read: details['cached_tokens'], input_audio: details['audio_tokens'] },
      fees: { audio_second: wholeSeconds(usage['prompt_audio_seconds']) },
    }),
    responseModel: asText(body['model']),
    serviceTier: readServiceTier(usage['service_tier']),
  });
}

/**
 * Transcriptions: by tokens, by the second (OpenAI's `duration`), or both (Mistral). One without usage says the length
 * of the sound when it was asked to be verbose, and the models that answer so are billed by it.
 */
export function readTranscript(body: JsonObject): UsageReading {
  const usage = asObject(body['usage']);
  if (usage?.['prompt_audio_seconds'] !== undefined) return readMistralAudio(body, usage);
  if (usage !== undefined && usage['type'] !== 'duration') return readMedia(body, false);
  const seconds = usage?.['seconds'] ?? body['duration'];
  if (typeof seconds !== 'number') return readMedia(body, false);
  return usageReading({
    ...countUsage({ input: 0, output: 0, fees: { audio_second: wholeSeconds(seconds) } }),
    responseModel: asText(body['model']),
  });
}

/**
 * Speech answers with sound alone; what is billed are the characters that were asked to be spoken, e.g. `{ input: 'héé' }`
 * is 3.
 * @param request The request's parsed body; @returns undefined when it has no text to speak.
 */
export function readSpeech(request: unknown): UsageReading | undefined {
  const text = asText(asObject(request)?.['input']);
  return text === undefined
    ? undefined
    : usageReading({ usage: { character: Array.from(text).length }, quality: 'reported' });
}

/** Transcriptions, billed by tokens or by the length of the sound. */
export const AUDIO: ApiFamily = { apis: ['audio'], read: readTranscript, fold: foldTranscript };

/** A query of a reranker: by searches (Cohere) or by the tokens of query and documents (Voyage, Jina). */
function readRerank(body: JsonObject): UsageReading {
  const searches = at(body, 'meta', 'billed_units', 'search_units');
  const usage = asObject(body['usage']);
  const counted =
    searches === undefined
      ? countUsage({ input: usage?.['total_tokens'] ?? usage?.['prompt_tokens'], output: undefined })
      : countUsage({ input: 0, output: 0, fees: { rerank_search: searches } });
  return usageReading({
    ...counted,
    responseModel: asText(body['model']),
    responseId: asText(body['id']),
    reportedCostPicoUsd: readReportedCost(usage),
  });
}

/** Rerankers of Cohere, Voyage, Jina. */
export const RERANK: ApiFamily = { apis: ['rerank'], read: readRerank };

/** Mistral OCR: billed by the page. */
export const OCR: ApiFamily = {
  apis: ['ocr'],
  read: (body) => {
    const pages = at(body, 'usage_info', 'pages_processed');
    return usageReading({
      ...(pages === undefined ? {} : countUsage({ input: 0, output: 0, fees: { page: pages } })),
      responseModel: asText(body['model']),
    });
  },
};

/** Videos: the seconds made, once they are made. */
function readVideo(body: JsonObject): UsageReading {
  const status = asText(body['status']);
  const seconds = Number(body['seconds']);
  const isMade = status === 'completed' && Number.isFinite(seconds);
  return usageReading({
    ...(isMade ? countUsage({ input: 0, output: 0, fees: { video_second: wholeSeconds(seconds) } }) : {}),
    responseModel: asText(body['model']),
    responseId: asText(body['id']),
    serviceTier: videoSizeTier(body),
    finishReasons: status === undefined ? [] : [status],
    reportedCostPicoUsd: readReportedCost(asObject(body['usage'])),
  });
}

/** Sizes of the price that is listed under a model's own name. */
const STANDARD_SIZES: ReadonlySet<string> = new Set(['720x1280', '1280x720']);

/** A video's size as the tier that its price is listed under, where a larger one costs more: `1792x1024`. */
function videoSizeTier(body: JsonObject): string {
  const size = asText(body['size']) ?? '';
  const isSized = asText(body['model'])?.startsWith('sora-2-pro') === true;
  return isSized && !STANDARD_SIZES.has(size) ? size : '';
}

/** OpenAI videos. */
export const VIDEOS: ApiFamily = { apis: ['videos'], read: readVideo };

/** A batch: the usage of all its calls at the batch price; whether one call was long is not known. */
export const BATCHES: ApiFamily = {
  apis: ['batches'],
  read: (body) => {
    const usage = asObject(body['usage']);
    const status = asText(body['status']);
    return usageReading({
      ...countUsage({
        input: usage?.['input_tokens'],
        output: usage?.['output_tokens'],
        total: usage?.['total_tokens'],
        inputParts: { cache_read: at(usage, 'input_tokens_details', 'cached_tokens') },
        outputParts: { reasoning: at(usage, 'output_tokens_details', 'reasoning_tokens') },
        hasUnknown: responseCountsUnknown(usage, [
          asObject(usage?.['input_tokens_details']),
          asObject(usage?.['output_tokens_details']),
        ]),
      }),
      responseModel: asText(body['model']),
      responseId: asText(body['id']),
      serviceTier: 'batch',
      finishReasons: status === undefined ? [] : [status],
    });
  },
};

/** APIs whose units no bucket counts yet: only a cost that the provider reports is read. */
export const REPORTED_COST_ONLY: ApiFamily = {
  apis: ['other'],
  read: (body) =>
    usageReading({
      responseModel: asText(body['model']),
      responseId: asText(body['id']),
      serviceTier: readServiceTier(body['service_tier']),
      reportedCostPicoUsd: readReportedCost(asObject(body['usage'])),
    }),
};
