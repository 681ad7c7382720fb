import type { UsageBucket } from '../usage.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import { countsUnknownModality, inputParts, isBilledBySearch, sumOf, tokensOf } from './generate-content.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { readServiceTier } from './service-tier.js';
import { countUsage } from './token-totals.js';
import { countsUnknown } from './unknown-counts.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** How often a tool grounded the answer: as the usage counts it; undefined where it counts no tools. */
function countOf(usage: JsonObject | undefined, tool: string): unknown {
  const counts = asList(usage?.['grounding_tool_count']);
  if (counts.length === 0) return undefined;
  return sumOf(0, ...counts.filter((entry) => at(entry, 'type') === tool).map((entry) => at(entry, 'count')));
}

/** The same from the steps: the queries of each call, one where a call names none. */
function queriesIn(steps: readonly unknown[], type: string): number {
  return steps
    .filter((step) => at(step, 'type') === type)
    .reduce((sum: number, step) => sum + Math.max(asList(at(step, 'arguments', 'queries')).length, 1), 0);
}

function groundings(body: JsonObject, usage: JsonObject | undefined): Partial<Record<UsageBucket, unknown>> {
  const steps = asList(body['steps'] ?? body['outputs']);
  const searches = countOf(usage, 'google_search') ?? queriesIn(steps, 'google_search_call');
  const isEach = isBilledBySearch(asText(body['model']) ?? '');
  return {
    web_search: isEach || typeof searches !== 'number' ? searches : Math.min(searches, 1),
    maps_search: countOf(usage, 'google_maps') ?? Math.min(queriesIn(steps, 'google_maps_call'), 1),
  };
}

/** Tools whose count is read, or that cost their tokens alone. */
const KNOWN_TOOLS: ReadonlySet<string> = new Set([
  'google_search',
  'google_maps',
  'file_search',
  'url_context',
  'code_execution',
]);

/** Whether a tool grounded the answer that nothing here has a price for. */
function hasUnpricedTool(usage: JsonObject | undefined): boolean {
  return asList(usage?.['grounding_tool_count']).some(
    (entry) => !KNOWN_TOOLS.has(asText(at(entry, 'type')) ?? '') && Number(at(entry, 'count')) > 0,
  );
}

const INTERACTION_COUNTS: ReadonlySet<string> = new Set([
  'total_input_tokens',
  'total_tool_use_tokens',
  'total_cached_tokens',
  'total_output_tokens',
  'total_thought_tokens',
  'total_tokens',
]);

/** Reads an interaction: input, tool results, thoughts and output are counted apart. */
function readInteraction(body: JsonObject): UsageReading {
  const usage = asObject(body['usage']);
  const thoughts = usage?.['total_thought_tokens'];
  const made = usage?.['output_tokens_by_modality'];
  const counted = countUsage({
    input: sumOf(usage?.['total_input_tokens'], usage?.['total_tool_use_tokens']),
    output: sumOf(usage?.['total_output_tokens'], thoughts),
    inputParts: inputParts(
      usage?.['input_tokens_by_modality'],
      usage?.['cached_tokens_by_modality'],
      usage?.['total_cached_tokens'],
    ),
    outputParts: { reasoning: thoughts, output_audio: tokensOf(made, 'AUDIO'), output_image: tokensOf(made, 'IMAGE') },
    fees: groundings(body, usage),
    hasUnknown:
      countsUnknown(usage, INTERACTION_COUNTS) ||
      countsUnknownModality(usage?.['input_tokens_by_modality']) ||
      countsUnknownModality(made),
  });
  const status = asText(body['status']);
  return usageReading({
    ...counted,
    responseModel: asText(body['model']),
    responseId: asText(body['id']),
    serviceTier: readServiceTier(body['service_tier']),
    finishReasons: status === undefined ? [] : [status],
    notCounted: hasUnpricedTool(usage) ? ['server_tools'] : [],
  });
}

/** Newer streams say with each step what was used so far; the interaction at the end says it of the whole. */
function foldInteractionEvents(): StreamFold {
  let interaction: JsonObject | undefined;
  let soFar: JsonObject | undefined;
  const steps: JsonObject[] = [];
  let characters = 0;
  return {
    push(event) {
      interaction = asObject(event['interaction']) ?? interaction;
      soFar = asObject(at(event, 'metadata', 'usage')) ?? soFar;
      const step = asObject(event['step']);
      if (step !== undefined) steps.push(step);
      characters += asText(at(event, 'delta', 'text'))?.length ?? 0;
    },
    finish: () => (interaction === undefined ? undefined : readInteraction({ steps, usage: soFar, ...interaction })),
    outputCharacters: () => characters,
    isComplete: () => interaction?.['usage'] !== undefined,
  };
}

/** Gemini interactions. */
export const INTERACTIONS: ApiFamily = { apis: ['interactions'], read: readInteraction, fold: foldInteractionEvents };
