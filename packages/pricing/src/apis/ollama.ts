import type { ApiFamily, StreamFold } from './api-family.js';
import { jsonLength } from '../estimate.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { countUsage } from './token-totals.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** Ollama counts what it evaluated; a prompt that it had cached is left out, which costs no machine time either. */
function readAnswer(body: JsonObject): UsageReading {
  const reason = asText(body['done_reason']);
  return usageReading({
    // A prompt that is answered from the cache alone has no count of its own.
    ...countUsage({
      input: body['prompt_eval_count'] ?? (body['eval_count'] === undefined ? undefined : 0),
      output: body['eval_count'],
    }),
    responseModel: asText(body['model']),
    finishReasons: reason === undefined ? [] : [reason],
  });
}

/** Text, thoughts and tool arguments of one line. */
function lineCharacters(line: JsonObject): number {
  let characters = 0;
  for (const part of [asObject(line['message']) ?? {}, line]) {
    for (const name of ['content', 'thinking', 'response']) characters += asText(part[name])?.length ?? 0;
    for (const call of asList(part['tool_calls'])) {
      const argumentsOfCall = asObject(at(call, 'function', 'arguments'));
      if (argumentsOfCall !== undefined) characters += jsonLength(argumentsOfCall);
    }
  }
  return characters;
}

/** The last line of a stream has the counts. */
function foldLines(): StreamFold {
  let last: JsonObject | undefined;
  let characters = 0;
  return {
    push(line) {
      last = line;
      characters += lineCharacters(line);
    },
    finish: () => (last === undefined ? undefined : readAnswer(last)),
    outputCharacters: () => characters,
    isComplete: () => last?.['eval_count'] !== undefined,
  };
}

/** Ollama's own API: chat, generate and embed. It has a price where the user states one for the machine. */
export const OLLAMA: ApiFamily = {
  apis: ['ollama.chat', 'ollama.generate', 'ollama.embed'],
  read: readAnswer,
  fold: foldLines,
};
