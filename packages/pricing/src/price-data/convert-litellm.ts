import { createHash } from 'node:crypto';
import type { CatalogueModel, CataloguePrice, CataloguePrices, CatalogueVariant } from '../catalogue/catalogue.js';
import type { CatalogueFile, Provenance } from './catalogue-file.js';
import { pricePicoPerUnit } from './pico-per-unit.js';

/** A provider of the map, and the price list of ours that its models belong to. */
const PROVIDER_IDS: Readonly<Record<string, string>> = {
  openai: 'openai',
  'text-completion-openai': 'openai',
  anthropic: 'anthropic',
  azure: 'azure',
  azure_text: 'azure',
  azure_ai: 'azure',
  bedrock: 'aws',
  bedrock_converse: 'aws',
  bedrock_mantle: 'aws',
  gemini: 'google',
  vertex_ai: 'google-vertex',
  'vertex_ai-language-models': 'google-vertex',
  'vertex_ai-anthropic_models': 'google-vertex',
  'vertex_ai-mistral_models': 'google-vertex',
  'vertex_ai-llama_models': 'google-vertex',
  'vertex_ai-embedding-models': 'google-vertex',
  'vertex_ai-deepseek_models': 'google-vertex',
  'vertex_ai-qwen_models': 'google-vertex',
  'vertex_ai-openai_models': 'google-vertex',
  'vertex_ai-zai_models': 'google-vertex',
  'vertex_ai-moonshot_models': 'google-vertex',
  'vertex_ai-minimax_models': 'google-vertex',
  'vertex_ai-ai21_models': 'google-vertex',
  mistral: 'mistral',
  codestral: 'mistral',
  cohere: 'cohere',
  cohere_chat: 'cohere',
  groq: 'groq',
  xai: 'x-ai',
  deepseek: 'deepseek',
  perplexity: 'perplexity',
  together_ai: 'together',
  fireworks_ai: 'fireworks',
  'fireworks_ai-embedding-models': 'fireworks',
  cerebras: 'cerebras',
  moonshot: 'moonshotai',
  voyage: 'voyageai',
  dashscope: 'alibaba',
  watsonx: 'watsonx',
  zai: 'zai',
  minimax: 'minimax',
  databricks: 'databricks',
  deepinfra: 'deepinfra',
  sambanova: 'sambanova',
  nebius: 'nebius',
  ai21: 'ai21',
  jina_ai: 'jina',
  elevenlabs: 'elevenlabs',
  deepgram: 'deepgram',
  assemblyai: 'assemblyai',
};

/** The map's price fields and ours, with the count of units that a price is for. */
const FIELDS: Readonly<Record<string, string>> = {
  input_cost_per_token: 'input_mtok',
  output_cost_per_token: 'output_mtok',
  cache_read_input_token_cost: 'cache_read_mtok',
  cache_creation_input_token_cost: 'cache_write_mtok',
  cache_creation_input_token_cost_above_1hr: 'cache_write_1h_mtok',
  input_cost_per_audio_token: 'input_audio_mtok',
  cache_read_input_audio_token_cost: 'cache_audio_read_mtok',
  output_cost_per_audio_token: 'output_audio_mtok',
  input_cost_per_image_token: 'input_image_mtok',
  cache_read_input_image_token_cost: 'cache_image_read_mtok',
  output_cost_per_image_token: 'output_image_mtok',
  input_cost_per_video_token: 'input_video_mtok',
  output_cost_per_reasoning_token: 'output_reasoning_mtok',
  google_maps_grounding_cost_per_query: 'maps_searches_kcount',
  code_interpreter_cost_per_session: 'code_executions_kcount',
  ocr_cost_per_page: 'input_document_kpages',
};

/** Fields whose meaning depends on what the model is for. */
const FIELDS_BY_MODE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  rerank: { input_cost_per_query: 'rerank_searches_kcount' },
  audio_transcription: { input_cost_per_second: 'input_audio_seconds' },
  audio_speech: { input_cost_per_character: 'input_mchars' },
  image_generation: { output_cost_per_image: 'output_images_kcount', input_cost_per_image: 'output_images_kcount' },
  video_generation: {
    output_cost_per_video_per_second: 'output_video_seconds',
    output_cost_per_second: 'output_video_seconds',
  },
};

/** The map's suffixes of service tiers, and the tier as providers name it. */
const TIERS: Readonly<Record<string, readonly [name: string, value: string]>> = {
  _batches: ['processing', 'batch'],
  _flex: ['service_tier', 'flex'],
  _priority: ['service_tier', 'priority'],
};

/** Prices under construction: per key the base price and those above thresholds. */
type Steps = Map<string, Map<number, number>>;

type Entry = Readonly<Record<string, unknown>>;

class Conversion {
  roundedPrices = 0;

  /** A JSON number is a double: its shortest text is the price that was written. Fifteen digits drop the noise of sums. */
  pico(value: unknown): number | undefined {
    if (typeof value !== 'number' || !(value >= 0)) return undefined;
    const { pico, isExact } = pricePicoPerUnit(String(Number(value.toPrecision(12))), 1);
    if (!isExact) this.roundedPrices += 1;
    return pico;
  }
}

function addPrice(steps: Steps, key: string, above: number, pico: number): void {
  const prices = steps.get(key) ?? new Map<number, number>();
  if (!prices.has(above)) prices.set(above, pico);
  steps.set(key, prices);
}

/** Prices without those of zero, which in this source mean "not known" more often than "free". */
function pricesOf(steps: Steps, keepZero: boolean): CataloguePrices {
  const entries = [...steps].flatMap(([key, prices]): [string, CataloguePrice][] => {
    const sorted = [...prices].sort((a, b) => a[0] - b[0]);
    const base = prices.get(0);
    if (base === undefined || (base === 0 && !keepZero)) return [];
    const above = sorted.filter(([threshold]) => threshold > 0);
    return [[key, above.every(([, price]) => price === base) ? base : [base, ...above]]];
  });
  return Object.fromEntries(entries);
}

const FIELD_FORM = /^(?<field>.*?)(?:_above_(?<thousands>\d+)k_tokens)?(?<tier>_batches|_flex|_priority)?$/;

/** Reads the flat fields of an entry into prices by tier; `''` is the standard one. */
function readFields(entry: Entry, conversion: Conversion): Map<string, Steps> {
  const byTier = new Map<string, Steps>();
  const own = FIELDS_BY_MODE[String(entry['mode'])] ?? {};
  for (const [name, value] of Object.entries(entry)) {
    const { field = '', thousands = '0', tier = '' } = FIELD_FORM.exec(name)?.groups ?? {};
    const key = FIELDS[field] ?? own[field];
    const pico = key === undefined ? undefined : conversion.pico(value);
    if (key === undefined || pico === undefined) continue;
    const steps = byTier.get(tier) ?? new Map();
    byTier.set(tier, steps);
    addPrice(steps, key, Number(thousands) * 1000, pico);
  }
  return byTier;
}

/** Prices by range of input tokens: `[{range: [0, 32000], input_cost_per_token, …}, …]`. */
function readTiers(entry: Entry, conversion: Conversion, steps: Steps): void {
  const list = entry['tiered_pricing'];
  if (!Array.isArray(list)) return;
  for (const tier of list as readonly Entry[]) {
    const range: unknown = tier['range'];
    const above = Array.isArray(range) ? Number(range[0]) : Number.NaN;
    if (!Number.isInteger(above)) continue;
    for (const [name, value] of Object.entries(tier)) {
      const key = FIELDS[name];
      const pico = key === undefined ? undefined : conversion.pico(value);
      if (key !== undefined && pico !== undefined) addPrice(steps, key, above, pico);
    }
  }
}

const SEARCH_CONTEXT_SIZES: readonly string[] = ['low', 'medium', 'high'];

/** Perplexity bills each request by the size of the context that was searched for it, not each search. */
function isBilledByRequest(entry: Entry): boolean {
  return entry['litellm_provider'] === 'perplexity';
}

function readRequestFees(entry: Entry, conversion: Conversion): CatalogueVariant[] {
  const search = entry['search_context_cost_per_query'];
  if (typeof search !== 'object' || search === null || !isBilledByRequest(entry)) return [];
  return SEARCH_CONTEXT_SIZES.flatMap((size): CatalogueVariant[] => {
    const pico = conversion.pico((search as Entry)[`search_context_size_${size}`]);
    return pico === undefined ? [] : [[{ search_context: size }, { requests_kcount: pico }, null]];
  });
}

/** A web search by the size of its context; providers default to the medium one. */
function readSearch(entry: Entry, conversion: Conversion, steps: Steps): void {
  const search = entry['search_context_cost_per_query'];
  if (typeof search !== 'object' || search === null || isBilledByRequest(entry)) return;
  const pico = conversion.pico((search as Entry)['search_context_size_medium']);
  if (pico !== undefined) addPrice(steps, 'web_searches_kcount', 0, pico);
}

function modelOf(name: string, entry: Entry, conversion: Conversion): CatalogueModel | undefined {
  const byTier = readFields(entry, conversion);
  const standard: Steps = byTier.get('') ?? new Map();
  readTiers(entry, conversion, standard);
  readSearch(entry, conversion, standard);
  const isFree = [...standard.values()].every((prices) => [...prices.values()].every((price) => price === 0));
  const prices = pricesOf(standard, isFree);
  if (Object.keys(prices).length === 0) return undefined;
  const variants = Object.entries(TIERS).flatMap(([suffix, [context, tier]]): CatalogueVariant[] => {
    const own = pricesOf(byTier.get(suffix) ?? new Map(), false);
    return Object.keys(own).length === 0 ? [] : [[{ [context]: tier }, own, null]];
  });
  variants.push(...readRequestFees(entry, conversion));
  const model = [name, `=${name.toLowerCase()}`, [[null, prices]]] as const;
  return variants.length === 0 ? model : [...model, variants];
}

/**
 * The model's name as the provider writes it: without the map's routing prefix. Undefined for entries of a region, a
 * commitment or a size, whose price is not the model's.
 */
function nameOf(key: string, provider: string): string | undefined {
  const prefixes = [`${provider}/`, 'vertex_ai/', 'gemini/', 'azure/', 'azure_ai/', 'bedrock/', 'bedrock_mantle/'];
  const prefix = prefixes.find((candidate) => key.startsWith(candidate));
  const name = prefix === undefined ? key : key.slice(prefix.length);
  if (/^(us|eu|global|global-standard|us-gov|apac|\d+-x-\d+|low|medium|high|standard|hd|invoke|openai)\//.test(name))
    return undefined;
  if (/^[a-z]{2}(-gov)?-[a-z]+-\d\//.test(name) || /commitment/.test(name)) return undefined;
  return name;
}

/** What is known of the file that holds the map. */
export type LitellmOrigin = Pick<Provenance, 'version' | 'retrieved'>;

/**
 * Converts LiteLLM's map of model prices, all of it that has a place in our price lists. Retired models are missing in
 * it, and a price of 0 is only kept where all prices of a model are 0 (a free model, or an unknown one: it is not used
 * without another source, see `fillGaps`).
 * @throws Error when the text is no such map.
 */
export function convertLitellm(text: string, { version, retrieved }: LitellmOrigin): CatalogueFile {
  const map = JSON.parse(text) as Readonly<Record<string, Entry>>;
  if (typeof map !== 'object' || map === null || map['gpt-4o'] === undefined)
    throw new Error('this is not LiteLLM’s map of model prices: it has no "gpt-4o"');
  const conversion = new Conversion();
  const providers = new Map<string, Map<string, CatalogueModel>>();
  for (const [key, entry] of Object.entries(map)) {
    const provider = String(entry['litellm_provider']);
    const id = Object.hasOwn(PROVIDER_IDS, provider) ? PROVIDER_IDS[provider] : undefined;
    const name = id === undefined ? undefined : nameOf(key, provider);
    const model = name === undefined ? undefined : modelOf(name, entry, conversion);
    if (id === undefined || name === undefined || model === undefined) continue;
    const models = providers.get(id) ?? new Map<string, CatalogueModel>();
    providers.set(id, models);
    if (!models.has(name.toLowerCase())) models.set(name.toLowerCase(), model);
  }
  return {
    provenance: {
      name: 'litellm',
      package: 'litellm (Python), model_prices_and_context_window_backup.json',
      version,
      date: retrieved,
      retrieved,
      licence: 'MIT',
      sha256: createHash('sha256').update(text).digest('hex'),
      roundedPrices: conversion.roundedPrices,
    },
    providers: Object.fromEntries([...providers].map(([id, models]) => [id, { models: [...models.values()] }])),
  };
}
