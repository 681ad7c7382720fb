// Anthropic's answers, written from its API reference (https://docs.claude.com/en/api/messages and …/messages-streaming).

/** @typedef {import('./answers.mjs').Answer} Answer */

/** @param {Answer} answer @param {number} outputTokens output so far: a stream begins with almost nothing */
function usageOf({ units }, outputTokens) {
  return {
    input_tokens: units.input,
    cache_creation_input_tokens: units.cacheWrite5m + units.cacheWrite1h,
    cache_read_input_tokens: units.cachedInput,
    cache_creation: {
      ephemeral_5m_input_tokens: units.cacheWrite5m,
      ephemeral_1h_input_tokens: units.cacheWrite1h,
    },
    output_tokens: outputTokens,
    server_tool_use: units.webSearches > 0 ? { web_search_requests: units.webSearches, web_fetch_requests: 0 } : null,
    service_tier: 'standard',
  };
}

/** @param {Answer} answer */
function stopReason(answer) {
  return answer.toolCall ? 'tool_use' : 'end_turn';
}

/** @param {Answer} answer @returns {object[]} */
function contentBlocks(answer) {
  const { toolCall, thinking } = answer;
  /** @type {object[]} */
  const blocks = [];
  if (thinking !== undefined) blocks.push({ type: 'thinking', thinking, signature: 'ZGVtbyBzaWduYXR1cmU=' });
  for (let search = 1; search <= answer.units.webSearches; search += 1) blocks.push(...searchBlocks(answer, search));
  blocks.push({ type: 'text', text: answer.words.join(''), citations: null });
  if (toolCall)
    blocks.push({ type: 'tool_use', id: `toolu_${toolCall.id}`, name: toolCall.name, input: toolCall.input });
  return blocks;
}

/** @param {Answer} answer @param {number} search */
function searchBlocks(answer, search) {
  const id = `srvtoolu_${answer.id}${search}`;
  const result = {
    type: 'web_search_result',
    url: 'https://shop.example/reviews',
    title: 'Reviews',
    encrypted_content: 'ZGVtbw==',
    page_age: null,
  };
  return [
    { type: 'server_tool_use', id, name: 'web_search', input: { query: `reviews ${search}` } },
    { type: 'web_search_tool_result', tool_use_id: id, content: [result] },
  ];
}

/** @param {Answer} answer */
export function message(answer) {
  return {
    id: `msg_${answer.id}`,
    type: 'message',
    role: 'assistant',
    model: answer.model,
    content: contentBlocks(answer),
    stop_reason: stopReason(answer),
    stop_sequence: null,
    usage: usageOf(answer, answer.units.output),
  };
}

/** @param {Answer} answer @returns {Generator<string>} */
export function* messageEvents(answer) {
  const event = (/** @type {string} */ type, /** @type {object} */ rest) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  const start = { ...message(answer), content: [], stop_reason: null, usage: usageOf(answer, 1) };
  // Searches are counted when they have been made, not when the message begins.
  yield event('message_start', { message: { ...start, usage: { ...start.usage, server_tool_use: null } } });
  yield event('ping', {});
  let index = 0;
  for (let search = 1; search <= answer.units.webSearches; search += 1) {
    const [use, result] = searchBlocks(answer, search);
    yield event('content_block_start', { index, content_block: { ...use, input: {} } });
    const query = JSON.stringify({ query: `reviews ${search}` });
    yield event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: query } });
    yield event('content_block_stop', { index });
    yield event('content_block_start', { index: index + 1, content_block: result });
    yield event('content_block_stop', { index: index + 1 });
    index += 2;
  }
  yield event('content_block_start', { index, content_block: { type: 'text', text: '' } });
  for (const word of answer.words) {
    yield event('content_block_delta', { index, delta: { type: 'text_delta', text: word } });
  }
  yield event('content_block_stop', { index });
  const { cache_creation: _split, service_tier: _tier, ...usage } = usageOf(answer, answer.units.output);
  yield event('message_delta', { delta: { stop_reason: stopReason(answer), stop_sequence: null }, usage });
  yield event('message_stop', {});
}

/** @param {string} requestId */
export function rateLimitError(requestId) {
  return {
    type: 'error',
    error: { type: 'rate_limit_error', message: 'This request would exceed the rate limit of your organization.' },
    request_id: requestId,
  };
}
