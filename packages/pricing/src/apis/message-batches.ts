import { addReading } from './add-reading.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import { asObject, asText, at, type JsonObject } from './json.js';
import { MESSAGES } from './messages.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** The message of one result line; undefined for requests that failed or expired, which are not billed. */
function messageOf(line: JsonObject): JsonObject | undefined {
  return asObject(at(line, 'result', 'message'));
}

function readMessage(message: JsonObject): UsageReading {
  return { ...MESSAGES.read(message, 'anthropic'), serviceTier: 'batch' };
}

/** The results of a batch are lines of which each is a billed message; a batch object itself states no usage. */
function readBatch(body: JsonObject): UsageReading {
  const message = messageOf(body);
  if (message !== undefined) return readMessage(message);
  const status = asText(body['processing_status']);
  return usageReading({
    responseId: asText(body['id']),
    serviceTier: 'batch',
    finishReasons: status === undefined ? [] : [status],
  });
}

function readResults(lines: readonly JsonObject[]): UsageReading[] {
  return lines.flatMap((line) => {
    const message = messageOf(line);
    return message === undefined ? [] : readMessage(message);
  });
}

function foldResults(): StreamFold {
  let results: UsageReading | undefined;
  return {
    push(line) {
      const message = messageOf(line);
      if (message !== undefined) results = addReading(results, readMessage(message));
    },
    finish: () => results,
    outputCharacters: () => 0,
    isComplete: () => results !== undefined,
  };
}

/** Anthropic's message batches: objects without usage, result lines of a message each. */
export const MESSAGE_BATCHES: ApiFamily = {
  apis: ['messages.batches'],
  read: readBatch,
  fold: foldResults,
  readItems: readResults,
};
