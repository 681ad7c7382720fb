import { addReading } from './add-reading.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import { asList, asObject, asText, type JsonObject } from './json.js';
import { readMedia } from './media-usage.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** Images of Imagen's `predict`: those that were filtered out hold a reason in place of an image. */
function countPredictions(body: JsonObject): number {
  const made = asList(body['predictions']).map(asObject);
  return made.filter(
    (image) => (image?.['bytesBase64Encoded'] ?? image?.['gcsUri'] ?? image?.['mimeType']) !== undefined,
  ).length;
}

/** Images without counted tokens are billed by the image. */
function readImages(body: JsonObject): UsageReading {
  const reading = readMedia(body, true);
  const images = asList(body['data']).length + countPredictions(body);
  if (reading.quality !== 'missing' || images === 0) return reading;
  return { ...reading, usage: { image: images }, quality: 'reported' };
}

/**
 * The last event of a streamed image has its usage. The tokens of an image cannot be told from what arrived of it, so a
 * stream that broke off is never estimated.
 */
function foldImages(): StreamFold {
  let hasEvents = false;
  let images: UsageReading | undefined;
  return {
    push(event) {
      hasEvents = true;
      if (asObject(event['usage']) === undefined) return;
      const reading = readMedia(event, true);
      images = images === undefined ? reading : addReading(images, reading);
    },
    finish: () => images ?? (hasEvents ? usageReading({}) : undefined),
    outputCharacters: () => 0,
    isComplete: () => true,
  };
}

/** Images, generated and edited; all output is image tokens unless the answer says which part is text. */
export const IMAGES: ApiFamily = { apis: ['images'], read: readImages, fold: foldImages };

/** Models whose images are billed by size and quality. Their answers state neither: they are what was asked for. */
const SIZED_MODELS = /^dall-e-/;

/** What these models make when a request names no size. */
const DEFAULT_SIZE = '1024x1024';

/**
 * An image's size and quality as the tier that its price is listed under, where they decide it: `1792x1024`,
 * `hd-1024x1024`. Without the request nobody knows them, and the images stay unpriced.
 * @param request The request's parsed body.
 */
export function withImageSize(reading: UsageReading, request: unknown): UsageReading {
  const body = asObject(request);
  const model = reading.responseModel ?? asText(body?.['model']) ?? '';
  if (body === undefined || reading.serviceTier !== '' || !SIZED_MODELS.test(model)) return reading;
  const size = asText(body['size']) ?? 'auto';
  const quality = body['quality'] === 'hd' ? 'hd-' : '';
  return { ...reading, serviceTier: `${quality}${size === 'auto' ? DEFAULT_SIZE : size}` };
}
