import { describe, expect, it } from 'vitest';
import { LIST_PRICES } from '@costel/pricing';
import { parseCsvLine } from '../../src/price-formats/csv-line.js';
import { LOG_FORMATS, priceLogLines, type LogAnswer } from '../../src/price-formats/price-log.js';

const AT = Date.UTC(2026, 10, 22);

async function price(
  format: string,
  lines: readonly (object | string)[],
  options: { at?: number; provider?: string } = { at: AT },
): Promise<LogAnswer[]> {
  const found = LOG_FORMATS.find(({ name }) => name === format);
  if (found === undefined) throw new Error(format);
  async function* texts(): AsyncGenerator<string> {
    for (const line of lines) yield await Promise.resolve(typeof line === 'string' ? line : JSON.stringify(line));
  }
  const answers: LogAnswer[] = [];
  const { at, provider } = options;
  for await (const answer of priceLogLines(texts(), { format: found, at, now: AT, book: LIST_PRICES, provider }))
    answers.push(answer);
  return answers;
}

const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: Date.UTC(2026, 9, 1) / 1000,
  model: 'gpt-4o-mini-2024-07-18',
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
};

describe('an output file of an OpenAI batch', () => {
  it('costs the batch price of each answer, chats, responses and embeddings alike', async () => {
    const answers = await price('openai-batch', [
      { custom_id: 'a', response: { status_code: 200, body: CHAT }, error: null },
      {
        custom_id: 'b',
        response: {
          status_code: 200,
          body: {
            object: 'response',
            model: 'gpt-4o-mini',
            status: 'completed',
            usage: { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 },
          },
        },
      },
      {
        custom_id: 'c',
        response: {
          status_code: 200,
          body: {
            object: 'list',
            model: 'text-embedding-3-small',
            usage: { prompt_tokens: 1000, total_tokens: 1000 },
          },
        },
      },
    ]);
    // $0.15/M in and $0.60/M out, half of it; $0.02/M in, half of it.
    expect(answers).toMatchObject([
      { id: 'a', status: 'priced', cost_usd: '0.000105' },
      { id: 'b', status: 'priced', cost_usd: '0.000105' },
      { id: 'c', status: 'priced', cost_usd: '0.00001' },
    ]);
  });

  it('costs nothing for requests that failed, and says so of lines that are none of it', async () => {
    expect(
      await price('openai-batch', [
        { custom_id: 'a', response: { status_code: 400, body: { error: {} } }, error: null },
        { custom_id: 'b', response: null, error: { code: 'batch_expired', message: 'expired' } },
        { something: 'else' },
      ]),
    ).toMatchObject([
      { id: 'a', status: 'error_response', cost_usd: null, reason: 'HTTP status 400' },
      { id: 'b', status: 'error_response', cost_usd: null, reason: 'batch_expired' },
      { line: 3, status: 'invalid_line', cost_usd: null },
    ]);
  });

  it('names a wrong line by its number in the file, empty lines counted', async () => {
    expect(await price('openai-batch', ['', 'id,cost', '', 'a'])).toMatchObject([{ line: 4, status: 'invalid_line' }]);
    expect(await price('openai-batch', ['', '{"something": "else"}'])).toMatchObject([{ line: 2 }]);
  });

  it('has the prices of each body’s own date, and of another provider where one is named', async () => {
    const body = {
      ...CHAT,
      model: 'gpt-5.6-sol',
      created: Date.UTC(2026, 8, 1) / 1000,
      usage: { prompt_tokens: 1000, completion_tokens: 0, total_tokens: 1000 },
    };
    const line = { custom_id: 'a', response: { status_code: 200, body } };
    const [own] = await price('openai-batch', [line], {});
    expect(own).toMatchObject({ cost_usd: '0.002' });
    const [azure] = await price(
      'openai-batch',
      [{ custom_id: 'a', response: { status_code: 200, body: { ...CHAT, model: 'gpt-4o' } } }],
      { at: AT, provider: 'azure' },
    );
    expect(azure).toMatchObject({ status: 'priced' });
  });
});

describe('the results of an Anthropic batch', () => {
  it('cost the batch price where they succeeded', async () => {
    const message = {
      id: 'msg_1',
      model: 'claude-haiku-4-5-20251001',
      usage: { input_tokens: 1000, output_tokens: 100, service_tier: 'batch' },
    };
    expect(
      await price('anthropic-batch', [
        { custom_id: 'a', result: { type: 'succeeded', message } },
        { custom_id: 'b', result: { type: 'expired' } },
      ]),
    ).toMatchObject([
      { id: 'a', status: 'priced', cost_usd: '0.00075' },
      { id: 'b', status: 'error_response', reason: 'result: expired' },
    ]);
  });
});

describe('a log of LiteLLM', () => {
  const row = {
    request_id: 'r1',
    model: 'openai/gpt-4o-mini',
    custom_llm_provider: 'openai',
    startTime: '2026-10-01 10:00:00.123000',
    prompt_tokens: 1000,
    completion_tokens: 100,
    total_tokens: 1100,
    spend: 0.123,
    cache_hit: 'False',
  };

  it('is priced by our prices, with the gateway’s own figure beside', async () => {
    expect(await price('litellm', [row], {})).toMatchObject([
      { id: 'r1', status: 'priced', cost_usd: '0.00021', model: 'gpt-4o-mini', logged_cost_usd: '0.123' },
    ]);
  });

  it('is read from the whole usage object where it has one', async () => {
    const usage = { ...CHAT.usage, prompt_tokens_details: { cached_tokens: 400 } };
    const [answer] = await price('litellm', [{ ...row, metadata: JSON.stringify({ usage_object: usage }) }]);
    expect(answer).toMatchObject({ usage: { input: 600, cache_read: 400, output: 100 }, cost_usd: '0.00018' });
  });

  it('costs nothing where its cache answered or the call failed', async () => {
    expect(
      await price('litellm', [
        { ...row, cache_hit: 'True' },
        { ...row, status: 'failure' },
      ]),
    ).toMatchObject([{ status: 'not_billable' }, { status: 'error_response' }]);
  });

  it('names its provider by the prefix of the model where the log does not', async () => {
    const { custom_llm_provider: _provider, ...unnamed } = row;
    expect(
      await price('litellm', [
        { ...unnamed, model: 'openai/gpt-4o-mini' },
        { ...unnamed, model: 'gpt-4o-mini' },
      ]),
    ).toMatchObject([
      { status: 'priced', cost_usd: '0.00021', model: 'gpt-4o-mini' },
      { status: 'unpriced', reason: 'unknown_provider' },
    ]);
  });

  it('keeps bad counts from becoming a cost', async () => {
    expect(await price('litellm', [{ ...row, prompt_tokens: -5 }])).toMatchObject([
      { status: 'unpriced', reason: 'usage_inconsistent', cost_usd: null },
    ]);
  });
});

describe('an export of OpenRouter', () => {
  it('costs what OpenRouter charged, from JSON and from CSV', async () => {
    const generation = {
      data: {
        id: 'gen-1',
        model: 'openai/gpt-4o-mini',
        created_at: '2026-10-01T10:00:00Z',
        total_cost: 0.00021,
        native_tokens_prompt: 1000,
        native_tokens_completion: 100,
        native_tokens_cached: 0,
      },
    };
    expect(await price('openrouter', [generation], {})).toMatchObject([
      {
        id: 'gen-1',
        status: 'priced',
        cost_usd: '0.00021',
        price_source: 'provider',
        usage: { input: 1000, output: 100 },
      },
    ]);
    const csv = [
      'generation_id,created_at,cost_total,byok_usage_inference,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,app_name',
      'gen-2,2026-10-01 10:00:00.1,0.0003,0.0001,1000,100,40,300,openai/gpt-4o-mini,"my, ""own"" app"',
    ];
    expect(await price('openrouter', csv, {})).toMatchObject([
      {
        id: 'gen-2',
        cost_usd: '0.0004',
        usage: { input: 700, cache_read: 300, output: 60, reasoning: 40 },
      },
    ]);
  });

  it('costs the list price where nothing was charged beside tokens', async () => {
    const row = { id: 'g', model: 'openai/gpt-4o-mini', total_cost: 0, tokens_prompt: 1000, tokens_completion: 100 };
    expect(await price('openrouter', [row])).toMatchObject([{ cost_usd: '0.00021', price_source: 'catalogue' }]);
  });
});

describe('a line of CSV', () => {
  it('may hold quotes, commas, empty cells and an end of line of either kind', () => {
    expect(parseCsvLine('a,"b, ""c""",,d\r')).toEqual(['a', 'b, "c"', '', 'd']);
    expect(parseCsvLine('')).toEqual(['']);
    expect(parseCsvLine('a,')).toEqual(['a', '']);
  });
});
