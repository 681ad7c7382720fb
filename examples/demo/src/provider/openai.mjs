// OpenAI's answers, written from its API reference (https://platform.openai.com/docs/api-reference): chat completions
// and responses, both as JSON and as server-sent events, and embeddings.
import { inputTokens } from '../true-cost.mjs';

/** @typedef {import('./answers.mjs').Answer} Answer */

/** @param {import('../true-cost.mjs').Tier} tier as the response names it */
const tierName = (tier) => (tier === 'standard' ? 'default' : tier);

/** @param {Answer} answer */
function chatUsage({ units }) {
  return {
    prompt_tokens: inputTokens(units),
    completion_tokens: units.output,
    total_tokens: inputTokens(units) + units.output,
    prompt_tokens_details: { cached_tokens: units.cachedInput, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: units.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** @param {Answer} answer @param {string} object */
function chatHead(answer, object) {
  return {
    id: `chatcmpl-${answer.id}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: answer.model,
    service_tier: tierName(answer.tier),
    system_fingerprint: 'fp_demo',
  };
}

/** @param {Answer} answer */
export function chatCompletion(answer) {
  const { toolCall } = answer;
  const message = {
    role: 'assistant',
    content: toolCall ? null : answer.words.join(''),
    refusal: null,
    annotations: [],
    ...(toolCall && {
      tool_calls: [
        {
          id: `call_${toolCall.id}`,
          type: 'function',
          function: { name: toolCall.name, arguments: JSON.stringify(toolCall.input) },
        },
      ],
    }),
  };
  return {
    ...chatHead(answer, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: toolCall ? 'tool_calls' : 'stop' }],
    usage: chatUsage(answer),
  };
}

/**
 * @param {Answer} answer
 * @param {boolean} includeUsage whether the request asked for the usage chunk (`stream_options.include_usage`)
 * @returns {Generator<string>}
 */
export function* chatCompletionChunks(answer, includeUsage) {
  const head = { ...chatHead(answer, 'chat.completion.chunk') };
  const chunk = (/** @type {object} */ delta, /** @type {string | null} */ finishReason) =>
    data({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...(includeUsage && { usage: null }),
    });
  yield chunk({ role: 'assistant', content: '', refusal: null }, null);
  for (const word of answer.words) yield chunk({ content: word }, null);
  yield chunk({}, 'stop');
  if (includeUsage) yield data({ ...head, choices: [], usage: chatUsage(answer) });
  yield 'data: [DONE]\n\n';
}

/** @param {object} value */
function data(value) {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/**
 * @param {Answer} answer
 * @param {number} count how many texts there were
 * @param {boolean} isBase64 the encoding that the SDK asks for unless told otherwise
 */
export function embeddings(answer, count, isBase64) {
  const vector = new Float32Array([0.25, -0.5, 0.125, 0.0625]);
  const embedding = isBase64 ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector);
  const used = inputTokens(answer.units);
  return {
    object: 'list',
    data: Array.from({ length: count }, (_, index) => ({ object: 'embedding', index, embedding })),
    model: answer.model,
    usage: { prompt_tokens: used, total_tokens: used },
  };
}

/** @param {Answer} answer @param {'in_progress' | 'completed'} status */
function responseObject(answer, status) {
  const { units } = answer;
  const isDone = status === 'completed';
  return {
    id: `resp_${answer.id}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: answer.model,
    output: isDone ? [...reasoningItems(answer), messageItem(answer, true)] : [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: isDone ? tierName(answer.tier) : 'auto',
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: isDone
      ? {
          input_tokens: inputTokens(units),
          input_tokens_details: { cached_tokens: units.cachedInput },
          output_tokens: units.output,
          output_tokens_details: { reasoning_tokens: units.reasoning },
          total_tokens: inputTokens(units) + units.output,
        }
      : null,
    user: null,
    metadata: {},
  };
}

/** @param {Answer} answer */
function reasoningItems(answer) {
  return answer.units.reasoning > 0 ? [{ id: `rs_${answer.id}`, type: 'reasoning', summary: [] }] : [];
}

/** @param {Answer} answer @param {boolean} isDone */
function messageItem(answer, isDone) {
  return {
    id: `msg_${answer.id}`,
    type: 'message',
    status: isDone ? 'completed' : 'in_progress',
    role: 'assistant',
    content: isDone ? [outputText(answer.words.join(''))] : [],
  };
}

/** @param {string} text */
function outputText(text) {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

/** @param {Answer} answer */
export function response(answer) {
  return responseObject(answer, 'completed');
}

/** @param {Answer} answer @returns {Generator<string>} */
export function* responseEvents(answer) {
  let sequence = 0;
  const event = (/** @type {string} */ type, /** @type {object} */ rest) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...rest })}\n\n`;
  yield event('response.created', { response: responseObject(answer, 'in_progress') });
  yield event('response.in_progress', { response: responseObject(answer, 'in_progress') });
  let index = 0;
  for (const item of reasoningItems(answer)) {
    yield event('response.output_item.added', { output_index: index, item });
    yield event('response.output_item.done', { output_index: index, item });
    index += 1;
  }
  yield event('response.output_item.added', { output_index: index, item: messageItem(answer, false) });
  const place = { item_id: `msg_${answer.id}`, output_index: index, content_index: 0 };
  yield event('response.content_part.added', { ...place, part: outputText('') });
  for (const word of answer.words) yield event('response.output_text.delta', { ...place, delta: word, logprobs: [] });
  const text = answer.words.join('');
  yield event('response.output_text.done', { ...place, text, logprobs: [] });
  yield event('response.content_part.done', { ...place, part: outputText(text) });
  yield event('response.output_item.done', { output_index: index, item: messageItem(answer, true) });
  yield event('response.completed', { response: responseObject(answer, 'completed') });
}

/** @param {string} model */
export function rateLimitError(model) {
  return {
    error: {
      message: `Rate limit reached for ${model} on requests per min (RPM). Please try again in 40ms.`,
      type: 'requests',
      param: null,
      code: 'rate_limit_exceeded',
    },
  };
}
