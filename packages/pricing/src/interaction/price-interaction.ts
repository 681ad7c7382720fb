import { createStreamReader, readItems, readUsage, SUPPORTED_APIS } from '../apis/api-table.js';
import { asObject, asText, at, type JsonObject } from '../apis/json.js';
import { withImageSize } from '../apis/images.js';
import { readSpeech } from '../apis/openai-other.js';
import { withRequestTools } from '../apis/responses.js';
import type { NotCounted, UsageReading } from '../apis/usage-reading.js';
import type { LineItem } from '../compute-cost.js';
import { formatPicoUsd, picoUsd } from '../pico-usd.js';
import type { PriceBook } from '../price-book.js';
import { priceCall, type PricedCall } from '../price-call.js';
import { providerOfUrl } from '../providers.js';
import { INPUT_BUCKETS, OUTPUT_BUCKETS, type Usage, type UsageBucket } from '../usage.js';
import { parseResponseBody, type ParsedBody } from './response-body.js';
import { parseJson } from './server-sent-events.js';

/** When the calls were made. */
export interface PriceInteractionOptions {
  /** Prices are those of this instant (milliseconds since 1970, UTC); absent: of the response's `Date` header. */
  readonly at?: number | undefined;
  /** The instant for responses without a `Date` header, when `at` is absent. */
  readonly now: number;
  /** Whose prices hold; absent: the list prices. */
  readonly book?: PriceBook | undefined;
}

/** One line of a cost: `cost_usd` is `quantity × unit_price_usd`, exactly. */
export interface AnswerLineItem {
  readonly bucket: UsageBucket;
  readonly quantity: number;
  readonly unit_price_usd: string;
  readonly cost_usd: string;
}

/** The answer to one interaction, as `costel price` writes it. */
export interface InteractionAnswer {
  readonly id: string;
  readonly status: 'priced' | 'unpriced' | 'no_usage' | 'error_response' | 'not_billable';
  /** What the call's tokens cost, or what the provider reported of the whole; null where no token was used. */
  readonly cost_usd: string | null;
  /** What the call cost: `cost_usd` and `fees_usd` together, e.g. $0.0037 of tokens and a search of $0.01 are $0.0137. */
  readonly total_usd: string | null;
  readonly currency: 'USD';
  readonly model: string | null;
  readonly usage: Usage;
  readonly line_items: readonly AnswerLineItem[];
  /** What is counted in other units than tokens (searches, seconds, pages), which bills have as lines of their own. */
  readonly fees_usd?: string;
  readonly fee_items?: readonly AnswerLineItem[];
  readonly price_source: PricedCall['priceSource'] | null;
  readonly price_as_of: string | null;
  readonly usage_quality?: UsageReading['quality'];
  readonly reason?: string;
  /** The user's rules behind the price. */
  readonly rules?: readonly string[];
  /** What was billed besides, and neither this answer nor a price says how much. */
  readonly not_counted?: readonly NotCounted[];
  /**
   * What is billed for itself: the answers of a session or a batch, whose own cost is then null, and parts of a call that
   * its counts leave out (a compaction of the context, an adviser of another model).
   */
  readonly items?: readonly InteractionAnswer[];
}

/** Requests that providers do not charge for, by API. */
const FREE_APIS: ReadonlyMap<string, string> = new Map([
  ['moderations', 'moderation is free of charge'],
  ['messages.count_tokens', 'counting tokens is free of charge'],
  ['responses.input_tokens', 'counting tokens is free of charge'],
  ['countTokens', 'counting tokens is free of charge'],
  ['count_tokens', 'counting tokens is free of charge'],
]);

const TOKEN_BUCKETS: ReadonlySet<UsageBucket> = new Set([...INPUT_BUCKETS, ...OUTPUT_BUCKETS]);

const FIRST_ERROR_STATUS = 400;

type AnswerParts = Pick<InteractionAnswer, 'status'> & Partial<InteractionAnswer>;

/** An answer without a cost, with whatever else is known. */
export function answerOf(id: string, parts: AnswerParts): InteractionAnswer {
  return {
    id,
    cost_usd: null,
    total_usd: null,
    currency: 'USD',
    model: null,
    usage: {},
    line_items: [],
    price_source: null,
    price_as_of: null,
    ...parts,
  };
}

/** The model that a request asks for: in its body, else in the path (Azure deployments, Gemini and Bedrock models). */
function requestModelOf(request: JsonObject | undefined): string | undefined {
  const body = request?.['body'];
  const inBody = asText(at(typeof body === 'string' ? parseJson(body) : body, 'model'));
  if (inBody !== undefined) return inBody;
  const path = asText(request?.['url']) ?? '';
  const inPath = /\/model\/([^/?]+)/.exec(path)?.[1] ?? /\/(?:deployments|models)\/([^/:?]+)/.exec(path)?.[1];
  return inPath === undefined ? undefined : decodeName(inPath);
}

/** Vertex AI names the region in the path; it changes the price of Anthropic's models alone. */
function regionOf(url: string): string | undefined {
  return /\/locations\/([a-z0-9-]+)\/publishers\/anthropic\//.exec(url)?.[1];
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function instantOf(response: JsonObject, options: PriceInteractionOptions): number {
  if (options.at !== undefined) return options.at;
  const date = asText(at(response, 'headers', 'date') ?? at(response, 'headers', 'Date'));
  const stated = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(stated) ? options.now : stated;
}

/** Reads usage from a body or from the events of a stream; undefined when there is nothing of this API. */
function readInteraction(
  api: string,
  provider: string,
  response: JsonObject,
  body: ParsedBody,
): UsageReading | undefined {
  if (body.kind === 'unreadable') return undefined;
  if (body.kind === 'value') return readUsage(api, provider, body.value, response['headers']);
  const reader = createStreamReader(api, provider);
  for (const event of body.events) reader.push(event);
  return reader.finish();
}

function renderLineItem({ bucket, quantity, unitPricePicoUsd, costPicoUsd }: LineItem): AnswerLineItem {
  return { bucket, quantity, unit_price_usd: formatPicoUsd(unitPricePicoUsd), cost_usd: formatPicoUsd(costPicoUsd) };
}

function sum(items: readonly LineItem[]): string {
  return formatPicoUsd(picoUsd(items.reduce((total, item) => total + item.costPicoUsd, 0n)));
}

/** The cost and its parts; fees apart, unless the provider reported one cost for all. */
function renderCost(priced: PricedCall): Partial<InteractionAnswer> {
  if (priced.status !== 'priced' || priced.costPicoUsd === undefined) return {};
  const total = formatPicoUsd(priced.costPicoUsd);
  if (priced.priceSource === 'provider')
    return { cost_usd: total, total_usd: total, line_items: priced.lineItems.map(renderLineItem) };
  const tokens = priced.lineItems.filter((item) => TOKEN_BUCKETS.has(item.bucket));
  const fees = priced.lineItems.filter((item) => !TOKEN_BUCKETS.has(item.bucket));
  return {
    cost_usd: tokens.length === 0 ? null : sum(tokens),
    total_usd: total,
    line_items: tokens.map(renderLineItem),
    ...(fees.length === 0 ? {} : { fees_usd: sum(fees), fee_items: fees.map(renderLineItem) }),
  };
}

/** Why there is no cost, in the words of `UnpricedReason`, with the buckets that lack a price. */
function reasonOf(priced: PricedCall): string | undefined {
  if (priced.reason === undefined)
    return priced.status === 'not_billable' ? 'the provider reported zero usage' : undefined;
  const buckets = priced.unpricedBuckets ?? [];
  return buckets.length === 0 ? priced.reason : `${priced.reason}: ${buckets.join(', ')}`;
}

/** Statuses that follow from the request alone: errors, free requests, APIs that are not read. */
function statusWithoutReading(api: string, status: unknown, method: string): AnswerParts | undefined {
  if (typeof status === 'number' && status >= FIRST_ERROR_STATUS) {
    return { status: 'error_response', reason: `HTTP status ${status}` };
  }
  const free = FREE_APIS.get(api);
  if (free !== undefined) return { status: 'not_billable', reason: free };
  if (api === 'cachedContents' && (method === 'GET' || method === 'DELETE'))
    return { status: 'not_billable', reason: 'a stored cache is counted where it is created' };
  if (SUPPORTED_APIS.includes(api)) return undefined;
  return { status: 'unpriced', reason: `unsupported_api: "${api}" is none of ${SUPPORTED_APIS.join(', ')}` };
}

/**
 * Prices one recorded provider interaction: `{id, provider, api, request: {url, body}, response: {status, body_kind,
 * body | body_base64}}`. Never throws: whatever cannot be priced is answered with a status and a reason.
 */
export function priceInteraction(interaction: unknown, options: PriceInteractionOptions): InteractionAnswer {
  const record = asObject(interaction) ?? {};
  const id = asText(record['id']) ?? '';
  const request = asObject(record['request']);
  const response = asObject(record['response']);
  if (response === undefined)
    return answerOf(id, { status: 'no_usage', reason: 'the interaction has no "response" object' });
  const api = asText(record['api']) ?? '';
  const requestModel = requestModelOf(request) ?? asText(record['request_model']);
  const model = requestModel ?? null;
  const settled = statusWithoutReading(api, response['status'], asText(request?.['method']) ?? '');
  if (settled !== undefined) return answerOf(id, { model, ...settled });
  const provider = asText(record['provider']) ?? providerOfUrl(asText(request?.['url']) ?? '') ?? '';
  const body = parseResponseBody(response);
  const region = regionOf(asText(request?.['url']) ?? '');
  const context = { provider, requestModel, region, atMs: instantOf(response, options), book: options.book };
  const items = itemsOf(api, body);
  if (items.length > 0) return answerOfItems(id, items, context);
  const reading = readWithRequest(api, provider, readInteraction(api, provider, response, body), request);
  if (reading === undefined) return answerOf(id, { status: 'no_usage', model, reason: 'usage_missing' });
  return priceReading(id, reading, context);
}

/** What only the request tells: the text of a speech whose answer is sound alone, the size of images, the kind of a search. */
function readWithRequest(
  api: string,
  provider: string,
  reading: UsageReading | undefined,
  request: JsonObject | undefined,
): UsageReading | undefined {
  const body = request?.['body'];
  const parsed = typeof body === 'string' ? parseJson(body) : body;
  if (reading === undefined) return api === 'audio' ? readSpeech(parsed) : undefined;
  if (api === 'responses') return withRequestTools(reading, provider, asObject(parsed));
  return api === 'images' ? withImageSize(reading, parsed) : reading;
}

function itemsOf(api: string, body: ParsedBody): readonly UsageReading[] {
  if (body.kind === 'unreadable') return [];
  return readItems(api, body.kind === 'events' ? body.events : [body.value]) ?? [];
}

/** A session or a batch is no call: what it costs are its answers, so that nothing is counted twice. */
function answerOfItems(id: string, items: readonly UsageReading[], context: ReadingContext): InteractionAnswer {
  const priced = items.map((item, index) => priceReading(`${id}#${index + 1}`, item, context));
  return answerOf(id, {
    status: 'not_billable',
    // Of a session that another model writes down for, the model that answers.
    model: priced[items.findIndex((item) => item.requestModel === undefined)]?.model ?? context.requestModel ?? null,
    reason: `billed by its ${items.length} answers, ${id}#1 to ${id}#${items.length}`,
    items: priced,
  });
}

/** What a reading is priced with. */
export interface ReadingContext {
  /** `gen_ai.provider.name` or an alias. */
  readonly provider: string;
  readonly requestModel: string | undefined;
  /** Where the request went, when the answer does not say and it changes the price. */
  readonly region?: string | undefined;
  /** Milliseconds since 1970, UTC. */
  readonly atMs: number;
  readonly book?: PriceBook | undefined;
}

/** Prices what was read of one answer, in the form of `costel price`. */
export function priceReading(id: string, reading: UsageReading, context: ReadingContext): InteractionAnswer {
  const { book, ...call } = context;
  const region = reading.region === '' ? (context.region ?? '') : reading.region;
  const { beside: _beside, ...counted } = reading;
  const requestModel = reading.requestModel ?? call.requestModel;
  const priced = priceCall({ ...counted, ...call, requestModel, region }, book);
  const reason = reasonOf(priced);
  return answerOf(id, {
    status: priced.status,
    model: priced.model === '' ? null : priced.model,
    usage: reading.usage,
    price_source: priced.priceSource ?? null,
    price_as_of: priced.priceAsOf ?? null,
    usage_quality: reading.quality,
    ...renderCost(priced),
    ...(reason === undefined ? {} : { reason }),
    ...(priced.ruleIds === undefined ? {} : { rules: priced.ruleIds }),
    ...(reading.notCounted === undefined ? {} : { not_counted: reading.notCounted }),
    ...besideOf(id, reading, context),
  });
}

function besideOf(id: string, { beside = [] }: UsageReading, context: ReadingContext): Partial<InteractionAnswer> {
  if (beside.length === 0) return {};
  return { items: beside.map((part, index) => priceReading(`${id}#${index + 1}`, part, context)) };
}
