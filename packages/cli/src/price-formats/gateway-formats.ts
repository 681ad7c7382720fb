import { findProvider, parsePicoUsd, picoUsd, readUsage, type UsageReading } from '@costel/pricing';
import {
  countOf,
  dollarsTextOf,
  instantOf,
  recordOf,
  textOf,
  type JsonRecord,
  type LogEntry,
  type LogFormat,
} from './log-format.js';

/** Usage in the shape of chat completions, which is how gateways log it. */
function readCounts(usage: JsonRecord, model: string | undefined): UsageReading | undefined {
  return readUsage('chat.completions', '', { usage, model });
}

/** The provider that LiteLLM logs, else the one whose name its model begins with: `openai/gpt-4o` is of OpenAI. */
function providerOf(record: JsonRecord): string {
  const [prefix = '', rest] = textOf(record['model'])?.split('/') ?? [];
  const named = rest === undefined ? undefined : findProvider(prefix)?.name;
  return textOf(record['custom_llm_provider']) ?? named ?? '';
}

/** LiteLLM names a model `provider/model`; the provider is logged beside it. */
function withoutPrefix(model: string | undefined, provider: string): string | undefined {
  return model?.startsWith(`${provider}/`) === true ? model.slice(provider.length + 1) : model;
}

/** The gateway's own usage object where the log has it, else the counts beside it. */
function litellmUsage(record: JsonRecord): JsonRecord {
  const metadata = record['metadata'];
  const parsed = typeof metadata === 'string' ? parseRecord(metadata) : recordOf(metadata);
  const response = recordOf(record['response']);
  const whole = recordOf(parsed?.['usage_object']) ?? recordOf(response?.['usage']);
  if (whole !== undefined && whole['prompt_tokens'] !== undefined) return whole;
  return {
    prompt_tokens: countOf(record['prompt_tokens']),
    completion_tokens: countOf(record['completion_tokens']),
    total_tokens: countOf(record['total_tokens']),
  };
}

function parseRecord(text: string): JsonRecord | undefined {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const isTrue = (value: unknown): boolean => value === true || String(value).toLowerCase() === 'true';

function readLitellmLine(record: JsonRecord): LogEntry | undefined {
  const id = textOf(record['request_id']) ?? textOf(record['id']);
  if (id === undefined || record['prompt_tokens'] === undefined) return undefined;
  const provider = providerOf(record);
  const model = withoutPrefix(textOf(record['model']), provider);
  const entry = {
    id,
    provider,
    requestModel: model,
    atMs: instantOf(record['startTime']),
    loggedCostUsd: dollarsTextOf(record['spend'] ?? record['response_cost']),
  };
  if (isTrue(record['cache_hit']))
    return { ...entry, unbilled: { status: 'not_billable', reason: 'answered from the gateway’s cache' } };
  if (textOf(record['status']) === 'failure')
    return { ...entry, unbilled: { status: 'error_response', reason: 'the gateway logged a failure' } };
  const usage = litellmUsage(record);
  const tier = textOf(recordOf(record['response'])?.['service_tier']);
  const reading = readUsage('chat.completions', '', { usage, model, service_tier: tier });
  return { ...entry, reading };
}

/** OpenRouter bills by the model's own tokens (`native_…`), which its export calls `tokens_…`. */
function openRouterUsage(record: JsonRecord): JsonRecord {
  const count = (native: string, own: string): unknown => countOf(record[native]) ?? countOf(record[own]);
  return {
    prompt_tokens: count('native_tokens_prompt', 'tokens_prompt'),
    completion_tokens: count('native_tokens_completion', 'tokens_completion'),
    prompt_tokens_details: { cached_tokens: count('native_tokens_cached', 'tokens_cached') },
    completion_tokens_details: { reasoning_tokens: count('native_tokens_reasoning', 'tokens_reasoning') },
  };
}

function readOpenRouterLine(line: JsonRecord): LogEntry | undefined {
  const record = recordOf(line['data']) ?? line;
  const id = textOf(record['id']) ?? textOf(record['generation_id']);
  const model = textOf(record['model']) ?? textOf(record['model_permaslug']);
  if (id === undefined || model === undefined) return undefined;
  const cost = dollarsTextOf(record['total_cost'] ?? record['cost_total'] ?? record['usage']);
  const upstream = dollarsTextOf(record['upstream_inference_cost'] ?? record['byok_usage_inference']);
  const charged = [cost, upstream].reduce((sum, text) => sum + parsePicoUsd(Number(text ?? 0).toFixed(12)), 0n);
  const reading = readCounts(openRouterUsage(record), model);
  return {
    id,
    provider: 'openrouter',
    requestModel: model,
    atMs: instantOf(record['created_at']),
    reading: reading === undefined || charged <= 0n ? reading : { ...reading, reportedCostPicoUsd: picoUsd(charged) },
  };
}

/** LiteLLM's spend logs and its standard logging payload. */
export const LITELLM: LogFormat = {
  name: 'litellm',
  description:
    'LiteLLM proxy: rows of /spend/logs or the standard logging payload, one JSON object a line (request_id or id, model, custom_llm_provider, startTime, prompt_tokens, completion_tokens, metadata.usage_object); the gateway’s own figure is repeated as logged_cost_usd, never taken',
  read: readLitellmLine,
};

/** OpenRouter's activity export and its generation objects. */
export const OPENROUTER: LogFormat = {
  name: 'openrouter',
  description:
    'OpenRouter: the activity export (CSV with a header) or answers of /generation, one JSON object a line; the cost that OpenRouter charged is taken, plus the upstream cost on your own key',
  read: readOpenRouterLine,
};
