import type { JsonObject } from './json.js';
import type { UsageReading } from './usage-reading.js';

/** Folds the parsed events of one stream; `push` runs once a chunk and only keeps references. */
export interface StreamFold {
  /** Takes one parsed event; anything that is no event of this API is ignored. */
  push(event: JsonObject): void;
  /** The reading of everything pushed so far, or undefined when nothing of this API was seen. */
  finish(): UsageReading | undefined;
  /** Characters of generated text (content, reasoning, tool arguments) seen so far; what an estimate is made of. */
  outputCharacters(): number;
  /** True when the stream said that it is complete, or carried its final usage. */
  isComplete(): boolean;
}

/** How one family of provider APIs reports usage. A row of the table in `api-table.ts`. */
export interface ApiFamily {
  /** The API names, as in recorded interactions, e.g. `chat.completions`. */
  readonly apis: readonly string[];
  /** Reads the parsed JSON answer, and its headers where counts are there; quality `missing` when neither has any. */
  readonly read: (body: JsonObject, provider: string, headers?: JsonObject) => UsageReading;
  /** Starts to read a stream; absent where the API has none. */
  readonly fold?: (provider: string) => StreamFold;
  /**
   * The billed answers in a body's events, one reading each: a session, or the results of a batch. Absent where an
   * interaction is one answer.
   */
  readonly readItems?: (events: readonly JsonObject[]) => readonly UsageReading[];
}
