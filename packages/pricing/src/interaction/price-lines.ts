import { asObject } from '../apis/json.js';
import { priceInteraction, type InteractionAnswer, type PriceInteractionOptions } from './price-interaction.js';

/** A line of the input that is no interaction; the lines after it are priced all the same. */
export interface LineError {
  readonly line: number;
  readonly status: 'invalid_line';
  readonly cost_usd: null;
  readonly error: string;
}

/** Longest part of a bad line that its error quotes. */
const QUOTED_CHARACTERS = 60;

function priceLine(stated: string, line: number, options: PriceInteractionOptions): InteractionAnswer | LineError {
  // A file of Windows begins with a mark of its encoding and ends its lines in two characters; neither is the line's.
  const text = stated.trim();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return lineError(line, `is not JSON (${error instanceof Error ? error.message : String(error)})`, text);
  }
  const interaction = asObject(value);
  if (interaction === undefined) return lineError(line, 'is not a JSON object', text);
  if (asObject(interaction['response']) === undefined) return lineError(line, 'has no "response" object', text);
  return priceInteraction(value, options);
}

function lineError(line: number, problem: string, text: string): LineError {
  const quoted = text.length > QUOTED_CHARACTERS ? `${text.slice(0, QUOTED_CHARACTERS)}…` : text;
  return { line, status: 'invalid_line', cost_usd: null, error: `line ${line} ${problem}: ${quoted}` };
}

/**
 * Prices JSON lines one after the other, given in pieces of any size (a stream's chunks or whole lines). One answer a
 * line, in order, and one for each billed answer in it where it holds several (`id#1`, …); empty lines have none; a malformed line yields an error that names its number.
 */
export async function* priceInteractionLines(
  pieces: AsyncIterable<string>,
  options: PriceInteractionOptions,
): AsyncGenerator<InteractionAnswer | LineError, void, undefined> {
  let rest = '';
  let line = 0;
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      line += 1;
      if (text.trim() !== '') yield* withItems(priceLine(text, line, options));
    }
  }
  if (rest.trim() !== '') yield* withItems(priceLine(rest, line + 1, options));
}

/** The answers in a session or a batch follow it, each on a line of its own, so that the lines add up. */
export function withItems(answer: InteractionAnswer | LineError): (InteractionAnswer | LineError)[] {
  if (!('items' in answer) || answer.items === undefined) return [answer];
  const { items, ...whole } = answer;
  return [whole, ...items];
}
