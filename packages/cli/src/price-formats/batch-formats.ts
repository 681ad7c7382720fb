import { readItems, readUsage } from '@costel/pricing';
import { instantOf, recordOf, textOf, type JsonRecord, type LogEntry, type LogFormat } from './log-format.js';

const FIRST_ERROR_STATUS = 400;

/** The API of an answer in a batch, by the object that it says it is. */
const API_BY_OBJECT: Readonly<Record<string, string>> = {
  'chat.completion': 'chat.completions',
  text_completion: 'completions',
  response: 'responses',
  list: 'embeddings',
};

function readOpenAiLine(record: JsonRecord): LogEntry | undefined {
  const id = textOf(record['custom_id']) ?? textOf(record['id']);
  if (id === undefined || !('response' in record)) return undefined;
  const response = recordOf(record['response']);
  const body = recordOf(response?.['body']);
  const status = Number(response?.['status_code'] ?? 0);
  const error = recordOf(record['error']);
  if (response === undefined || body === undefined || status >= FIRST_ERROR_STATUS) {
    const reason = textOf(error?.['code']) ?? (status > 0 ? `HTTP status ${status}` : 'the request was not answered');
    return { id, provider: 'openai', unbilled: { status: 'error_response', reason } };
  }
  const api = API_BY_OBJECT[textOf(body['object']) ?? ''];
  const reading = api === undefined ? undefined : readUsage(api, 'openai', body);
  return {
    id,
    provider: 'openai',
    atMs: instantOf(body['created'] ?? body['created_at']),
    ...(reading === undefined
      ? { unbilled: { status: 'no_usage', reason: 'usage_missing' } as const }
      : { reading: { ...reading, serviceTier: 'batch' } }),
  };
}

function readAnthropicLine(record: JsonRecord): LogEntry | undefined {
  const id = textOf(record['custom_id']);
  const result = recordOf(record['result']);
  if (id === undefined || result === undefined) return undefined;
  const [reading] = readItems('messages.batches', [record]) ?? [];
  if (reading !== undefined) return { id, provider: 'anthropic', reading };
  const type = textOf(result['type']) ?? 'unknown';
  return { id, provider: 'anthropic', unbilled: { status: 'error_response', reason: `result: ${type}` } };
}

/** The output file of an OpenAI batch. */
export const OPENAI_BATCH: LogFormat = {
  name: 'openai-batch',
  description:
    'output file of an OpenAI or Azure OpenAI batch: {"custom_id", "response": {"status_code", "body"}, "error"} a line; batch prices, of each body’s own date',
  read: readOpenAiLine,
};

/** The results of an Anthropic message batch. */
export const ANTHROPIC_BATCH: LogFormat = {
  name: 'anthropic-batch',
  description:
    'results of an Anthropic message batch: {"custom_id", "result": {"type", "message"}} a line; batch prices; they carry no date, so name it with --at',
  read: readAnthropicLine,
};
