import { describe, expect, it } from 'vitest';
import { priceInteraction, type InteractionAnswer } from '../../src/index.js';

const NOW = Date.UTC(2026, 10, 22);
const chat = {
  id: 'chatcmpl-1',
  model: 'gpt-4o-mini-2024-07-18',
  choices: [],
  usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
};

function price(
  parts: { api?: string; provider?: string; request?: unknown; response?: object },
  at?: number,
): InteractionAnswer {
  const { response, ...rest } = parts;
  const interaction = {
    id: 'i1',
    provider: 'openai',
    api: 'chat.completions',
    ...rest,
    response: { status: 200, headers: {}, body_kind: 'json', body: chat, ...response },
  };
  return priceInteraction(interaction, { at, now: NOW });
}

describe('the answer to an interaction', () => {
  it('has the documented shape', () => {
    expect(price({})).toEqual({
      id: 'i1',
      status: 'priced',
      cost_usd: '0.00021',
      total_usd: '0.00021',
      currency: 'USD',
      model: 'gpt-4o-mini-2024-07-18',
      usage: { input: 1_000, output: 100 },
      line_items: [
        { bucket: 'input', quantity: 1_000, unit_price_usd: '0.00000015', cost_usd: '0.00015' },
        { bucket: 'output', quantity: 100, unit_price_usd: '0.0000006', cost_usd: '0.00006' },
      ],
      price_source: 'catalogue',
      price_as_of: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
      usage_quality: 'reported',
    });
  });

  it('is the same for a body given as text, as base64 and as the events of a stream', () => {
    const text = JSON.stringify(chat);
    const expected = price({});
    expect(price({ response: { body: text } })).toEqual(expected);
    expect(price({ response: { body: undefined, body_base64: Buffer.from(text).toString('base64') } })).toEqual(
      expected,
    );
    expect(price({ response: { body_kind: 'sse', body: `data: ${text}\n\ndata: [DONE]\n\n` } })).toEqual(expected);
    expect(price({ response: { body_kind: 'ndjson', body: `${text}\n` } })).toEqual(expected);
    expect(price({ response: { body_kind: 'jsonarray', body: `[${text}]` } })).toEqual(expected);
  });

  it('takes prices of the instant asked for, of the response’s date, or of now', () => {
    const sol = { ...chat, model: 'gpt-5.6-sol' };
    const headers = { date: 'Thu, 20 Aug 2026 23:59:59 GMT' };
    expect(price({ response: { body: sol, headers } }).cost_usd).toBe('0.008');
    expect(price({ response: { body: sol, headers } }, NOW).cost_usd).toBe('0.006');
    expect(price({ response: { body: sol } }).cost_usd).toBe('0.006');
    expect(price({ response: { body: sol, headers: { date: 'yesterday' } } }).cost_usd).toBe('0.006');
  });

  it('finds the provider by the address and the model in the request', () => {
    const request = { url: 'https://api.openai.com/v1/chat/completions', body: '{"model":"gpt-4o-mini"}' };
    const nameless = { ...chat, model: undefined };
    const interaction = {
      id: 'i1',
      api: 'chat.completions',
      request,
      response: { status: 200, body_kind: 'json', body: nameless },
    };
    expect(priceInteraction(interaction, { now: NOW })).toMatchObject({ cost_usd: '0.00021', model: 'gpt-4o-mini' });
    const azure = { url: 'https://x.openai.azure.com/openai/deployments/gpt-4o-mini/chat/completions', body: null };
    expect(price({ provider: 'azure', request: azure, response: { body: nameless } }).model).toBe('gpt-4o-mini');
  });

  it('shows the fees of tools beside the cost of the model', () => {
    const body = {
      id: 'msg_1',
      model: 'claude-haiku-4-5-20251001',
      usage: { input_tokens: 1_000, output_tokens: 100, server_tool_use: { web_search_requests: 2 } },
    };
    expect(price({ provider: 'anthropic', api: 'messages', response: { body } })).toMatchObject({
      cost_usd: '0.0015',
      fees_usd: '0.02',
      fee_items: [{ bucket: 'web_search', quantity: 2, unit_price_usd: '0.01', cost_usd: '0.02' }],
    });
  });

  it('takes a cost that the provider reported', () => {
    const body = { ...chat, model: 'some/model', usage: { ...chat.usage, cost: 0.5 } };
    expect(price({ provider: 'openrouter', response: { body } })).toMatchObject({
      cost_usd: '0.5',
      price_source: 'provider',
    });
  });

  it.each([
    ['an error', { response: { status: 429 } }, 'error_response', /429/],
    ['no usage', { response: { body: { ...chat, usage: undefined } } }, 'no_usage', /usage_missing/],
    ['a body that is no JSON', { response: { body: '<html>' } }, 'no_usage', /usage_missing/],
    [
      'a stream without usage',
      { response: { body_kind: 'sse', body: 'data: {"choices":[]}\n\n' } },
      'no_usage',
      /usage_missing/,
    ],
    ['a free request', { api: 'moderations' }, 'not_billable', /free/],
    [
      'zero usage',
      { response: { body: { ...chat, usage: { prompt_tokens: 0, completion_tokens: 0 } } } },
      'not_billable',
      /zero/,
    ],
    ['an API that is not read', { api: 'telepathy' }, 'unpriced', /unsupported_api: "telepathy"/],
    ['an unknown model', { response: { body: { ...chat, model: 'gpt-unheard-of' } } }, 'unpriced', /unknown_model/],
    ['an unknown provider', { provider: 'acme' }, 'unpriced', /unknown_provider/],
    [
      'unreadable counts',
      { response: { body: { ...chat, usage: { prompt_tokens: '7', completion_tokens: 1 } } } },
      'unpriced',
      /usage_inconsistent/,
    ],
  ])('to %s carries no cost, a status and a reason', (_case, parts, status, reason) => {
    const answer = price(parts);
    expect(answer).toMatchObject({ status, cost_usd: null, line_items: [] });
    expect(answer.reason).toMatch(reason);
  });

  it('exists for anything at all', () => {
    for (const value of [null, 1, 'x', [], {}, { response: 1 }, { id: 5, response: {} }]) {
      expect(priceInteraction(value, { now: NOW }).cost_usd).toBeNull();
    }
  });
});
