/** UTF-16 units a token, from the recorded answers that report their tokens: their totals agree at 3.2 to 4. */
const CHARACTERS_PER_TOKEN = 3.6;

/** Tokens that frame a message (role, separators), as OpenAI documents for its chat format. */
const TOKENS_PER_MESSAGE = 4;

/** Names under which a request carries text that the model reads; names of parameters and ids are not counted. */
const TEXT_FIELDS: ReadonlySet<string> = new Set([
  'arguments',
  'content',
  'contents',
  'documents',
  'input',
  'inputText',
  'inputs',
  'instructions',
  'message',
  'output',
  'preamble',
  'prompt',
  'query',
  'refusal',
  'system',
  'systemInstruction',
  'text',
  'texts',
  'thinking',
]);

/** Fields that the model reads as a whole, names and structure included: tool and answer schemas. */
const SCHEMA_FIELDS: ReadonlySet<string> = new Set(['tools', 'functions', 'response_format']);

/** Beyond this depth a request is not searched for text: no API nests deeper. */
const MAX_DEPTH = 24;

/**
 * Estimates tokens without a tokenizer, for streams that broke off or never reported usage, from a text or its length
 * in UTF-16 units: 3.6 a token, rounded up, e.g. `estimateTokens('Hello, world')` is 4. How far it is off on the
 * recordings is in this package's README.
 */
export function estimateTokens(text: string | number): number {
  const characters = typeof text === 'number' ? text : text.length;
  return characters > 0 ? Math.ceil(characters / CHARACTERS_PER_TOKEN) : 0;
}

interface Counts {
  characters: number;
  messages: number;
}

/**
 * Estimates the input tokens of a parsed request body from the text that the model reads: messages, instructions, tool
 * schemas. What the request only points to (files, images, an earlier response) is not in it and not estimated.
 */
export function estimateRequestTokens(request: unknown): number {
  const counts: Counts = { characters: 0, messages: 0 };
  addText(counts, request, '', 0);
  return estimateTokens(counts.characters) + counts.messages * TOKENS_PER_MESSAGE;
}

/** The length of a value's JSON text; 0 for what has none (a cycle): the estimate then misses it. */
export function jsonLength(value: object): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    return 0;
  }
}

function addText(counts: Counts, value: unknown, name: string, depth: number): void {
  if (typeof value === 'string') {
    if (TEXT_FIELDS.has(name) && !value.startsWith('data:')) counts.characters += value.length;
    return;
  }
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
  if (SCHEMA_FIELDS.has(name)) {
    counts.characters += jsonLength(value);
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value) addText(counts, item, name, depth + 1);
    return;
  }
  if ('role' in value) counts.messages += 1;
  for (const [key, item] of Object.entries(value)) addText(counts, item, key, depth + 1);
}
