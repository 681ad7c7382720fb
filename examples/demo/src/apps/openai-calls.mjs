// What the shop's code does with an OpenAI client. Nothing in here knows of Costel.

/** @typedef {import('openai').OpenAI} OpenAI */
/** @typedef {{ model: string, prompt: string, headers: Record<string, string> }} Request */

const SYSTEM = 'You answer for a small web shop: bicycles, garden furniture, desks. Be brief and exact.';

/** @param {string} prompt @returns {import('openai').OpenAI.Chat.ChatCompletionMessageParam[]} */
const messages = (prompt) => [
  { role: 'system', content: SYSTEM },
  { role: 'user', content: prompt },
];

/** @param {OpenAI} client @param {Request} request */
async function complete(client, { model, prompt, headers }, extra = {}) {
  return client.chat.completions.create({ model, messages: messages(prompt), ...extra }, { headers });
}

/** @param {OpenAI} client @param {Request} request @param {object} extra */
async function streamText(client, { model, prompt, headers }, extra) {
  const stream = await client.chat.completions.create(
    { model, messages: messages(prompt), stream: true, ...extra },
    { headers },
  );
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  if (text === '') throw new Error('the stream had no text');
}

const trackOrder = {
  type: /** @type {const} */ ('function'),
  function: {
    name: 'track_order',
    description: 'Where an order is',
    parameters: {
      type: 'object',
      properties: { order_number: { type: 'string' }, include_items: { type: 'boolean' } },
      required: ['order_number'],
    },
  },
};

const products = {
  type: /** @type {const} */ ('json_schema'),
  json_schema: {
    name: 'products',
    strict: true,
    schema: {
      type: 'object',
      properties: { products: { type: 'array', items: { type: 'string' } }, confident: { type: 'boolean' } },
      required: ['products', 'confident'],
      additionalProperties: false,
    },
  },
};

/**
 * Scenario → what the app does. A call that should fail must fail with the SDK's own error.
 * @type {Readonly<Record<string, (client: OpenAI, request: Request) => Promise<unknown>>>}
 */
export const openaiCalls = {
  'chat-json': complete,
  'chat-cached': complete,
  'chat-retried': complete,
  'chat-unknown-model': complete,
  'chat-reasoning': complete,
  'chat-long-context': complete,
  'chat-flex': (client, request) => complete(client, request, { service_tier: 'flex' }),
  'chat-priority': (client, request) => complete(client, request, { service_tier: 'priority' }),
  'chat-tool-call': async (client, request) => {
    const completion = await complete(client, request, { tools: [trackOrder] });
    const call = completion.choices[0]?.message.tool_calls?.[0];
    if (call?.type !== 'function') throw new Error('the model called no tool');
    return JSON.parse(call.function.arguments);
  },
  'chat-parse': async (client, { model, prompt, headers }) => {
    const completion = await client.chat.completions.parse(
      { model, messages: messages(prompt), response_format: products },
      { headers },
    );
    return completion.choices[0]?.message.parsed;
  },
  'chat-with-response': async (client, { model, prompt, headers }) => {
    const call = client.chat.completions.create({ model, messages: messages(prompt) }, { headers });
    const { data, response } = await call.withResponse();
    if (response.status !== 200 || data.choices.length !== 1) throw new Error('withResponse() answered differently');
  },
  'chat-stream': (client, request) => streamText(client, request, { stream_options: { include_usage: true } }),
  'chat-stream-no-usage': (client, request) => streamText(client, request, {}),
  'chat-stream-helper': async (client, { model, prompt, headers }) => {
    const stream = client.chat.completions.stream(
      { model, messages: messages(prompt), stream_options: { include_usage: true } },
      { headers },
    );
    return stream.finalChatCompletion();
  },
  'chat-stream-aborted': async (client, { model, prompt, headers }) => {
    const stream = await client.chat.completions.create(
      { model, messages: messages(prompt), stream: true },
      { headers },
    );
    const seen = [];
    for await (const chunk of stream) {
      // The visitor has read enough and closes the page.
      if (seen.push(chunk.id) === 20) break;
    }
  },
  'chat-rate-limited': async (client, { model, prompt, headers }) => {
    await expectStatus(429, () =>
      client.chat.completions.create({ model, messages: messages(prompt) }, { headers, maxRetries: 1 }),
    );
  },
  embeddings: (client, { model, prompt, headers }) =>
    client.embeddings.create({ model, input: [prompt, SYSTEM] }, { headers }),
  responses: (client, { model, prompt, headers }) =>
    client.responses.create({ model, instructions: SYSTEM, input: prompt }, { headers }),
  'responses-stream': async (client, { model, prompt, headers }) => {
    const stream = await client.responses.create({ model, input: prompt, stream: true }, { headers });
    let isCompleted = false;
    for await (const event of stream) isCompleted ||= event.type === 'response.completed';
    if (!isCompleted) throw new Error('the stream did not complete');
  },
};

/** @param {number} status @param {() => PromiseLike<unknown>} call */
async function expectStatus(status, call) {
  try {
    await call();
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === status) return;
    throw error;
  }
  throw new Error(`the call succeeded, though the provider answered ${status}`);
}
