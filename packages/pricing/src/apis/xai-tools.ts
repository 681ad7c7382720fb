import { catalogueIdsOf } from '../providers.js';
import type { UsageBucket } from '../usage.js';
import { asList, asObject, asText, type JsonObject } from './json.js';

/** What xAI's tools were billed for, by the call or by what they fetched. */
export interface XaiTools {
  readonly fees: Partial<Record<UsageBucket, unknown>>;
  /** Whether a tool ran of which it is not known what it costs, or how much of it was billed. */
  readonly hasUnpriced: boolean;
}

/** From 12:00 in California on, X searches are billed by the posts and profiles that they fetch, and not by the call. */
const BY_ITEM_FROM_SECONDS = Date.UTC(2026, 8, 21, 19) / 1000;

/** A tool under the names that the answers of different APIs of xAI count it by. */
type Tool = 'web' | 'x' | 'code' | 'collections' | 'free' | 'unpriced';

/** The fields of `server_side_tool_usage_details`; one tool's names are views of the same calls. */
const COUNTED: Readonly<Record<string, Tool>> = {
  web_search_calls: 'web',
  x_search_calls: 'x',
  code_interpreter_calls: 'code',
  code_execution_calls: 'code',
  file_search_calls: 'collections',
  collections_search_calls: 'collections',
  // By their tokens alone.
  mcp_calls: 'free',
  view_image_calls: 'free',
  view_x_video_calls: 'free',
  // Read apart: what X searches fetched; and images, which have a word of their own.
  x_posts_fetched: 'free',
  x_users_fetched: 'free',
  image_generation_calls: 'free',
};

/** The fields of `server_side_tool_usage`, the name of whose tools is `SERVER_SIDE_TOOL_WEB_SEARCH`. */
const NAMED: Readonly<Record<string, Tool>> = {
  WEB_SEARCH: 'web',
  X_SEARCH: 'x',
  CODE_EXECUTION: 'code',
  CODE_INTERPRETER: 'code',
  COLLECTIONS_SEARCH: 'collections',
  FILE_SEARCH: 'collections',
  MCP: 'free',
  VIEW_IMAGE: 'free',
  VIEW_X_VIDEO: 'free',
  IMAGE_GENERATION: 'free',
};

/** The output items of answers that count no tool apart. */
const ITEMS: Readonly<Record<string, Tool>> = {
  web_search_call: 'web',
  x_search_call: 'x',
  code_interpreter_call: 'code',
  file_search_call: 'collections',
  collections_search_call: 'collections',
  mcp_call: 'free',
  image_generation_call: 'free',
};

/** The calls by which the model searches X; an application's own tools are items of the same type. */
const X_CALLS: ReadonlySet<string> = new Set([
  'x_keyword_search',
  'x_semantic_search',
  'x_user_search',
  'x_thread_fetch',
]);

/** Calls that the application answers, and what is no call. */
const CLIENT_ITEMS: ReadonlySet<string> = new Set(['function_call', 'custom_tool_call']);

/** How often each tool ran: of several names of one the largest count; NaN where one is no count. */
function countNamed(counts: JsonObject, names: Readonly<Record<string, Tool>>): Map<Tool, number> {
  const found = new Map<Tool, number>();
  for (const [field, count] of Object.entries(counts)) {
    if (count === undefined || count === null || count === 0) continue;
    const tool = names[field.replace(/^SERVER_SIDE_TOOL_/, '')] ?? 'unpriced';
    found.set(tool, Math.max(found.get(tool) ?? 0, typeof count === 'number' && count > 0 ? count : Number.NaN));
  }
  return found;
}

function toolOfItem(item: JsonObject): Tool | undefined {
  const type = asText(item['type']) ?? '';
  if (item['status'] === 'failed' || !type.endsWith('_call')) return undefined;
  if (type === 'custom_tool_call' && X_CALLS.has(asText(item['name']) ?? '')) return 'x';
  return CLIENT_ITEMS.has(type) ? undefined : (ITEMS[type] ?? 'unpriced');
}

/** The same from the output of an answer that says at most how many calls there were. */
function countItems(items: readonly JsonObject[], stated: unknown): Map<Tool, number> {
  const found = new Map<Tool, number>();
  let known = 0;
  for (const item of items) {
    const tool = toolOfItem(item);
    if (tool === undefined) continue;
    known += 1;
    found.set(tool, (found.get(tool) ?? 0) + 1);
  }
  if (typeof stated === 'number' && stated > known) found.set('unpriced', stated - known);
  return found;
}

/** A profile costs what two posts do: $10 a thousand beside $5. */
const POSTS_A_PROFILE = 2;

/** What searches of X count: their calls, or since these are billed by it what they fetched; undefined: that is not stated. */
function searchesOfX(details: JsonObject | undefined, calls: number, createdSeconds: unknown): number | undefined {
  const { x_posts_fetched: posts, x_users_fetched: profiles } = details ?? {};
  if (typeof posts === 'number') return posts + POSTS_A_PROFILE * (typeof profiles === 'number' ? profiles : 0);
  return calls > 0 && Number(createdSeconds) >= BY_ITEM_FROM_SECONDS ? undefined : calls;
}

/**
 * What the tools that xAI ran in an answer are billed for: each call that succeeded, at a price of each tool. Since 21
 * September 2026 searches of X are billed by each post, which costs what a call did, and each profile, which costs twice
 * as much: two searches that fetched 12 posts and 3 profiles are `{ web_search: 18 }`; before, they were `{ web_search: 2 }`.
 * @returns undefined for an answer that is none of xAI's: told by its counts, whoever passed them on, or by the provider.
 */
export function countXaiTools(body: JsonObject, usage: JsonObject | undefined, provider: string): XaiTools | undefined {
  const details = asObject(usage?.['server_side_tool_usage_details']);
  const named = asObject(usage?.['server_side_tool_usage'] ?? body['server_side_tool_usage']);
  const stated = usage?.['num_server_side_tools_used'];
  const isXai =
    details ?? named ?? stated ?? ((provider !== '' && catalogueIdsOf(provider).includes('x-ai')) || undefined);
  if (isXai === undefined) return undefined;
  const items = asList(body['output'])
    .map(asObject)
    .filter((item) => item !== undefined);
  const counts =
    details === undefined
      ? named === undefined
        ? countItems(items, stated)
        : countNamed(named, NAMED)
      : countNamed(details, COUNTED);
  const searches = searchesOfX(details, counts.get('x') ?? 0, body['created_at'] ?? body['created']);
  return {
    fees: {
      web_search: (counts.get('web') ?? 0) + (searches ?? 0),
      code_execution: counts.get('code') ?? 0,
      file_search: counts.get('collections') ?? 0,
    },
    hasUnpriced: counts.has('unpriced') || searches === undefined,
  };
}
