import { asObject, asText, at, type JsonObject } from './json.js';
import { readReportedCost } from './reported-cost.js';
import { countUsage } from './token-totals.js';
import { responseCountsUnknown } from './unknown-counts.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** What is read of images and sound. What was cached of them is not: it has a price of its own, by modality. */
const KNOWN_PARTS: ReadonlySet<string> = new Set(['text_tokens', 'image_tokens', 'audio_tokens']);

/**
 * Images and audio count text, image and audio tokens under `input_tokens` and `output_tokens`, e.g. 272 output tokens of
 * an image are `{ output_image: 272 }`.
 */
export function readMedia(body: JsonObject, outputIsImage: boolean): UsageReading {
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
      hasUnknown: responseCountsUnknown(usage, [input, asObject(usage?.['output_tokens_details'])], KNOWN_PARTS),
    }),
    responseModel: asText(body['model']),
    reportedCostPicoUsd: readReportedCost(usage),
  });
}
