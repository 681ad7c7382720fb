/** Characters a token, on average over the recorded requests and answers that report their tokens. */
const CHARACTERS_PER_TOKEN = 4;

/** Names under which a request carries text for the model; names of parameters and ids are not counted. */
const TEXT_FIELDS: ReadonlySet<string> = new Set([
  'content',
  'text',
  'input',
  'prompt',
  'instructions',
  'system',
  'arguments',
  'output',
  'description',
  'name',
  'refusal',
  'thinking',
]);

/** Beyond this depth a request is not searched for text: no API nests deeper. */
const MAX_DEPTH = 24;

/**
 * Estimates tokens without a tokenizer, for streams that broke off or never reported usage, from a text or its length
 * in UTF-16 units: four characters a token, rounded up, e.g. `estimateTokens('Hello, world')` is 3.
 */
export function estimateTokens(text: string | number): number {
  const characters = typeof text === 'number' ? text : text.length;
  return characters > 0 ? Math.ceil(characters / CHARACTERS_PER_TOKEN) : 0;
}

/** The characters of a parsed request body that the model reads: messages, instructions, tool descriptions. */
export function requestCharacters(request: unknown): number {
  return charactersOf(request, '', 0);
}

function charactersOf(value: unknown, name: string, depth: number): number {
  if (typeof value === 'string') return TEXT_FIELDS.has(name) && !value.startsWith('data:') ? value.length : 0;
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return 0;
  let characters = 0;
  if (Array.isArray(value)) {
    for (const item of value) characters += charactersOf(item, name, depth + 1);
    return characters;
  }
  for (const [key, item] of Object.entries(value)) characters += charactersOf(item, key, depth + 1);
  return characters;
}
