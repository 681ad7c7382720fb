import { catalogueIdsOf } from '../providers.js';
import type { UsageBucket } from '../usage.js';
import { asObject, at, type JsonObject } from './json.js';

/**
 * What chats show of tools that the provider ran and that have a price, where no count of a bucket stands for them:
 *
 * | where | whose |
 * |---|---|
 * | `executed_tools` of a message | Groq: searches, visited pages, code, in Compound and in gpt-oss |
 * | `usage.connectors` | Mistral |
 * | a call of the function `$web_search` | Moonshot's, from whoever resells its models; its own are counted |
 * | `usage.plugins` | Alibaba |
 * | `web_search` beside the choices | Z.ai |
 * | `web_search_data` of a message | Writer |
 * | `usage.server_tool_use`, `server_tool_use_details` | gateways that report no cost |
 * | `citations`, `search_results` | Perplexity, where the size of its search is not stated |
 * | `annotations` of type `url_citation` | OpenRouter, where no cost is reported |
 */
export interface ShownTools {
  /** Whether a tool ran. */
  readonly ran: boolean;
  /** Calls of the function `$web_search`, which Moonshot bills when its model asks for it. */
  readonly searches: number;
  /** Whether sources are cited, which only of some providers means a search that is billed apart. */
  readonly cited: boolean;
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** Whether a choice of an answer, or of a chunk, shows a tool that the provider ran. */
export function choiceRanTool(choice: JsonObject): boolean {
  const message = asObject(choice['message'] ?? choice['delta']);
  if (message === undefined) return false;
  const { executed_tools: executed, web_search_data: found } = message;
  return isFilled(executed) || (found !== undefined && found !== null);
}

/** How often a choice of an answer, or of a chunk, asks for Moonshot's own search; the chunks of one call name it once. */
export function searchesAsked(choice: JsonObject): number {
  const calls = asObject(choice['message'] ?? choice['delta'])?.['tool_calls'];
  if (!Array.isArray(calls)) return 0;
  return calls.filter((call) => at(call, 'function', 'name') === '$web_search').length;
}

/** Whether a choice cites pages of the web. */
export function choiceCites(choice: JsonObject): boolean {
  const annotations = asObject(choice['message'] ?? choice['delta'])?.['annotations'];
  return Array.isArray(annotations) && annotations.some((note) => at(note, 'type') === 'url_citation');
}

/** Whether an answer or a chunk shows beside its choices that a tool ran. */
export function bodyRanTool(body: JsonObject): boolean {
  return isFilled(body['web_search']);
}

/** Whether an answer or a chunk names the sources that it has. */
export function bodyCites(body: JsonObject): boolean {
  return isFilled(body['citations']) || isFilled(body['search_results']);
}

/** Whether anything that is counted inside is more than none: `{ web_search: 1 }`, `{ search: { count: 1 } }`. */
function countsAny(counts: unknown): boolean {
  if (typeof counts === 'number') return counts > 0;
  const inside = asObject(counts);
  return inside !== undefined && Object.values(inside).some(countsAny);
}

/** Whether a usage counts tools that ran; each name is written out, for this runs for every call. */
function usageRanTool(usage: JsonObject | undefined): boolean {
  if (usage === undefined) return false;
  const { connectors, plugins, server_tool_use: tools, server_tool_use_details: details } = usage;
  return countsAny(connectors) || countsAny(plugins) || countsAny(tools) || countsAny(details);
}

const CITING: readonly string[] = ['perplexity', 'openrouter'];

const NO_FEES: Partial<Record<UsageBucket, number>> = {};

/** The fees of tools that a chat shows and that have a price. */
export function countShown({ searches }: ShownTools, provider: string): Partial<Record<UsageBucket, number>> {
  return searches > 0 && isMoonshot(provider) ? { web_search: searches } : NO_FEES;
}

function isMoonshot(provider: string): boolean {
  return catalogueIdsOf(provider).includes('moonshotai');
}

/** Whether tools that have a price ran for an answer whose usage has no bucket for them. */
export function hasUncountedTools(shown: ShownTools, usage: JsonObject | undefined, provider: string): boolean {
  if (shown.ran || usageRanTool(usage)) return true;
  if (shown.searches > 0 && !isMoonshot(provider)) return true;
  return shown.cited && catalogueIdsOf(provider).some((id) => CITING.includes(id));
}
