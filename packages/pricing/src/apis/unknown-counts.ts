import type { JsonObject } from './json.js';

/** How APIs name what they count of tokens: `cached_tokens`, `inputTokens`, `promptTokenCount`, `prompt_token_count`. */
const COUNT_NAME = /(?:_tokens|Tokens|_token_count|TokenCount)$/;

/** The parts of a side's tokens that OpenAI and those who speak its shape count; text is what the others leave of it. */
const KNOWN_PARTS: ReadonlySet<string> = new Set([
  'text_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'cache_creation_tokens',
  'audio_tokens',
  'image_tokens',
  'video_tokens',
  'reasoning_tokens',
  'accepted_prediction_tokens',
  'rejected_prediction_tokens',
]);

/**
 * Whether an object counts tokens under a name that nothing here knows: they may have a price of their own, so a usage that
 * has some is `inconsistent`. Zeros, and names that are none of a count of tokens, say nothing.
 *
 * `{ cached_tokens: 10, quantum_tokens: 4 }` does, `{ cached_tokens: 10, quantum_tokens: 0 }` does not.
 * @param known The names that are read, or are parts of what is read.
 */
export function countsUnknown(counts: JsonObject | undefined, known: ReadonlySet<string> = KNOWN_PARTS): boolean {
  for (const name in counts) {
    if (known.has(name) || !COUNT_NAME.test(name)) continue;
    const count = counts[name];
    if (typeof count === 'number' && count !== 0) return true;
  }
  return false;
}

/** Totals as OpenAI's later APIs name them, which some who speak the shape of its chats repeat. */
const TOTALS: readonly string[] = ['input_tokens', 'output_tokens', 'total_tokens'];

/** What chats count beside the parts; input that was not cached is the rest of it. */
const CHAT_COUNTS: ReadonlySet<string> = new Set([
  ...TOTALS,
  'prompt_tokens',
  'completion_tokens',
  'prompt_cache_hit_tokens',
  'prompt_cache_miss_tokens',
  'cached_tokens',
  'num_cached_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'reasoning_tokens',
]);

/** The parts of either side of a usage; undefined where it states none. */
type Sides = readonly (JsonObject | undefined)[];

/** {@link countsUnknown} of the usage of a chat: itself, and the parts of either side. */
export function chatCountsUnknown(usage: JsonObject, parts: Sides): boolean {
  return countsUnknown(usage, CHAT_COUNTS) || parts.some((part) => countsUnknown(part));
}

const RESPONSE_COUNTS: ReadonlySet<string> = new Set([...TOTALS, 'prompt_tokens', 'completion_tokens']);

/** {@link countsUnknown} of the usage of OpenAI's later APIs (responses, images, sessions): itself, and the parts of either side. */
export function responseCountsUnknown(
  usage: JsonObject | undefined,
  parts: Sides,
  known?: ReadonlySet<string>,
): boolean {
  return countsUnknown(usage, RESPONSE_COUNTS) || parts.some((part) => countsUnknown(part, known));
}
