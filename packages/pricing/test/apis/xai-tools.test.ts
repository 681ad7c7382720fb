import { describe, expect, it } from 'vitest';
import { createStreamReader, priceInteraction, readUsage, type InteractionAnswer } from '../../src/index.js';

const BEFORE_ITEMS = Date.UTC(2026, 8, 1);
const BY_ITEMS = Date.UTC(2026, 8, 22);

const CALLS = {
  web_search_calls: 0,
  x_search_calls: 0,
  code_interpreter_calls: 0,
  file_search_calls: 0,
  mcp_calls: 0,
  document_search_calls: 0,
  image_generation_calls: 0,
};
const TOKENS = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };

function price(api: string, body: object, at = BEFORE_ITEMS): InteractionAnswer {
  const response = { status: 200, body_kind: 'json', body };
  return priceInteraction({ id: 'x', provider: 'xai', api, response }, { at, now: at });
}

/** An answer that counts its tools, at the time of the call. */
function counted(details: object, atMs = BEFORE_ITEMS): InteractionAnswer {
  const usage = { ...TOKENS, server_side_tool_usage_details: { ...CALLS, ...details } };
  return price('responses', { model: 'grok-4.3', created_at: atMs / 1000, output: [], usage }, atMs);
}

describe('a tool that xAI ran, where no cost is reported', () => {
  it.each([
    [{ x_search_calls: 3 }, '0.015'],
    [{ web_search_calls: 2 }, '0.01'],
    [{ code_interpreter_calls: 2 }, '0.01'],
    [{ code_interpreter_calls: 2, code_execution_calls: 2 }, '0.01'],
    [{ file_search_calls: 4 }, '0.01'],
    [{ web_search_calls: 1, x_search_calls: 1, file_search_calls: 1 }, '0.0125'],
  ])('is billed by the call and not left out without a word: %o', (details, fee) => {
    const answer = counted(details);
    // $1.25 and $2.50 a million.
    expect(answer).toMatchObject({ status: 'priced', cost_usd: '0.0015', fees_usd: fee });
    expect(answer.not_counted).toBeUndefined();
  });

  it('costs its tokens alone where it is a remote one or looks at pictures', () => {
    const answer = counted({ mcp_calls: 3, view_image_calls: 2 });
    expect(answer).toMatchObject({ status: 'priced', total_usd: '0.0015' });
    expect(answer.not_counted).toBeUndefined();
  });

  it.each([{ document_search_calls: 1 }, { telepathy_calls: 1 }])(
    'is named where its price is not known for certain: %o',
    (details) => {
      expect(counted(details)).toMatchObject({ total_usd: '0.0015', not_counted: ['server_tools'] });
    },
  );

  it('is named where it made images, which cost what an image does', () => {
    expect(counted({ image_generation_calls: 1 }).not_counted).toEqual(['image_generation']);
  });

  it('has nothing to add to a cost that is reported', () => {
    const details = { ...CALLS, x_search_calls: 2, document_search_calls: 1 };
    const usage = { ...TOKENS, cost_in_usd_ticks: 250_000_000, server_side_tool_usage_details: details };
    const answer = price('responses', { model: 'grok-4.3', output: [], usage });
    expect(answer).toMatchObject({ price_source: 'provider', total_usd: '0.025' });
    expect(answer.not_counted).toBeUndefined();
  });

  it('cost twice as much until 18 November 2025', () => {
    const drop = Date.UTC(2025, 10, 19);
    expect(counted({ x_search_calls: 2, file_search_calls: 2 }, drop - 1).fees_usd).toBe('0.025');
    expect(counted({ x_search_calls: 2, file_search_calls: 2 }, drop).fees_usd).toBe('0.015');
  });
});

describe('a search of X since it is billed by what it fetches', () => {
  it('costs each post and twice as much each profile, however many calls it was', () => {
    const answer = counted({ x_search_calls: 2, x_posts_fetched: 12, x_users_fetched: 3 }, BY_ITEMS);
    expect(answer).toMatchObject({ fees_usd: '0.09', usage: { web_search: 18 } });
    expect(counted({ x_search_calls: 2, x_posts_fetched: 0, x_users_fetched: 0 }, BY_ITEMS).fees_usd).toBeUndefined();
  });

  it('is named where the answer does not say how much it fetched', () => {
    expect(counted({ x_search_calls: 2, web_search_calls: 1 }, BY_ITEMS)).toMatchObject({
      fees_usd: '0.005',
      not_counted: ['server_tools'],
    });
  });
});

describe('an answer of xAI that does not count each tool', () => {
  const tokens = { model: 'grok-4-fast-reasoning', created_at: 1_761_768_904 };

  it('is read from its calls', () => {
    const output = [
      { type: 'x_search_call', name: 'x_semantic_search', status: 'completed' },
      { type: 'custom_tool_call', name: 'x_thread_fetch', status: 'completed' },
      { type: 'custom_tool_call', name: 'search_of_ones_own', status: 'completed' },
      { type: 'web_search_call', action: { type: 'open_page' }, status: 'completed' },
      { type: 'web_search_call', action: { type: 'search' }, status: 'failed' },
      { type: 'code_interpreter_call', status: 'completed' },
      { type: 'code_interpreter_call', status: 'completed' },
      { type: 'file_search_call', status: 'completed' },
      { type: 'function_call', status: 'completed' },
      { type: 'message' },
    ];
    const body = { ...tokens, output, usage: { ...TOKENS, num_server_side_tools_used: 6 } };
    const reading = readUsage('responses', 'xai', body);
    expect(reading?.usage).toEqual({ input: 1000, output: 100, web_search: 3, code_execution: 2, file_search: 1 });
    expect(reading?.notCounted).toBeUndefined();
  });

  it('names what it ran beyond them', () => {
    const output = [{ type: 'attachment_search_call', status: 'completed' }];
    expect(readUsage('responses', 'xai', { ...tokens, output, usage: TOKENS })?.notCounted).toEqual(['server_tools']);
    const usage = { ...TOKENS, num_server_side_tools_used: 2 };
    expect(readUsage('responses', 'xai', { ...tokens, output: [], usage })?.notCounted).toEqual(['server_tools']);
  });
});

describe('a chat of Grok that ran tools', () => {
  const tokens = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
  const details = { ...CALLS, x_search_calls: 2, code_interpreter_calls: 1 };

  it('is billed for them, whole and streamed, which it was not', () => {
    const usage = { ...tokens, num_server_side_tools_used: 3, server_side_tool_usage_details: details };
    expect(price('chat.completions', { model: 'grok-4.3', choices: [], usage })).toMatchObject({
      cost_usd: '0.0015',
      fees_usd: '0.015',
    });
    const reader = createStreamReader('chat.completions', 'xai');
    reader.push({ model: 'grok-4.3', created: 1_785_000_000, choices: [], usage });
    expect(reader.finish()?.usage).toEqual({ input: 1000, output: 100, web_search: 2, code_execution: 1 });
  });

  it('is billed for them where it names them as the SDK does', () => {
    const named = {
      SERVER_SIDE_TOOL_WEB_SEARCH: 2,
      SERVER_SIDE_TOOL_VIEW_IMAGE: 1,
      SERVER_SIDE_TOOL_CODE_EXECUTION: 1,
    };
    const body = { model: 'grok-4.3', choices: [], usage: tokens, server_side_tool_usage: named };
    const reading = readUsage('chat.completions', 'xai', body);
    expect(reading?.usage).toEqual({ input: 1000, output: 100, web_search: 2, code_execution: 1 });
    expect(reading?.notCounted).toBeUndefined();
    const attached = { ...body, server_side_tool_usage: { SERVER_SIDE_TOOL_ATTACHMENT_SEARCH: 1 } };
    expect(readUsage('chat.completions', 'xai', attached)?.notCounted).toEqual(['server_tools']);
  });

  it('whose counts are none is inconsistent', () => {
    const usage = { ...tokens, server_side_tool_usage_details: { web_search_calls: -1 } };
    expect(readUsage('chat.completions', 'xai', { model: 'grok-4.3', usage })).toMatchObject({
      usage: { input: 1000, output: 100 },
      quality: 'inconsistent',
    });
  });
});
