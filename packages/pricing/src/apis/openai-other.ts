import type { ApiFamily, StreamFold } from './api-family.js';
import { readOpenAiShape } from './chat-completions.js';
import { asObject, asText, at, type JsonObject } from './json.js';
import { readReportedCost } from './reported-cost.js';
import { readServiceTier } from './service-tier.js';
import { countUsage } from './token-totals.js';
import { usageReading, type UsageReading } from './usage-reading.js';

function readRun(run: JsonObject): UsageReading {
  const status = asText(run['status']);
  return readOpenAiShape(run, asObject(run['usage']), status === undefined ? [] : [status]);
}

/** Folds the events of a run: the last run object that has usage counts, steps and messages do not. */
function foldRun(): StreamFold {
  let run: JsonObject | undefined;
  return {
    push(event) {
      if (event['object'] === 'thread.run') run = event;
    },
    finish: () => (run === undefined ? undefined : readRun(run)),
    outputCharacters: () => 0,
    isComplete: () => asObject(run?.['usage']) !== undefined,
  };
}

/** OpenAI assistants: a run has the usage of all its steps. */
export const ASSISTANTS: ApiFamily = { apis: ['assistants'], read: readRun, fold: foldRun };

/** Images and audio count text, image and audio tokens under `input_tokens` and `output_tokens`. */
function readMedia(body: JsonObject, outputIsImage: boolean): UsageReading {
  const usage = asObject(body['usage']);
  const input = asObject(usage?.['input_tokens_details']) ?? asObject(usage?.['input_token_details']);
  const output = usage?.['output_tokens'];
  const textOutput = at(usage, 'output_tokens_details', 'text_tokens');
  const image = typeof output === 'number' && typeof textOutput === 'number' ? output - textOutput : output;
  return usageReading({
    ...countUsage({
      input: usage?.['input_tokens'],
      output,
      total: usage?.['total_tokens'],
      inputParts: { input_image: input?.['image_tokens'], input_audio: input?.['audio_tokens'] },
      outputParts: outputIsImage ? { output_image: image } : {},
    }),
    responseModel: asText(body['model']),
    reportedCostPicoUsd: readReportedCost(usage),
  });
}

/** Images, generated and edited; all output is image tokens unless the answer says which part is text. */
export const IMAGES: ApiFamily = { apis: ['images'], read: (body) => readMedia(body, true) };

function foldTranscript(): StreamFold {
  let last: JsonObject | undefined;
  return {
    push(event) {
      if (asObject(event['usage']) !== undefined) last = event;
    },
    finish: () => (last === undefined ? undefined : readMedia(last, false)),
    outputCharacters: () => 0,
    isComplete: () => last !== undefined,
  };
}

/** Transcriptions that are billed by tokens; those billed by the minute state no tokens and are missing. */
export const AUDIO: ApiFamily = { apis: ['audio'], read: (body) => readMedia(body, false), fold: foldTranscript };

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
  apis: ['rerank', 'videos', 'other'],
  read: (body) =>
    usageReading({
      responseModel: asText(body['model']),
      responseId: asText(body['id']),
      serviceTier: readServiceTier(body['service_tier']),
      reportedCostPicoUsd: readReportedCost(asObject(body['usage'])),
    }),
};
