// What the shop's code does with an Anthropic client. Nothing in here knows of Costel.

/** @typedef {import('@anthropic-ai/sdk').Anthropic} Anthropic */
/** @typedef {import('@anthropic-ai/sdk').Anthropic.Messages.MessageCreateParamsNonStreaming} Parameters */
/** @typedef {{ model: string, prompt: string, headers: Record<string, string> }} Request */

const SYSTEM = 'You answer for a small web shop: bicycles, garden furniture, desks. Be brief and exact.';

/** @param {Request} request @returns {Parameters} */
const parameters = ({ model, prompt }) => ({
  model,
  max_tokens: 5000,
  system: SYSTEM,
  messages: [{ role: 'user', content: prompt }],
});

/** @param {Anthropic} client @param {Request} request @param {Partial<Parameters>} [extra] */
async function send(client, request, extra = {}) {
  return client.messages.create({ ...parameters(request), ...extra }, { headers: request.headers });
}

const webSearch = /** @type {const} */ ({ type: 'web_search_20250305', name: 'web_search', max_uses: 5 });

/** @type {import('@anthropic-ai/sdk').Anthropic.Messages.Tool} */
const trackOrder = {
  name: 'track_order',
  description: 'Where an order is',
  input_schema: {
    type: 'object',
    properties: { order_number: { type: 'string' }, include_items: { type: 'boolean' } },
    required: ['order_number'],
  },
};

/** @param {'5m' | '1h'} ttl @param {string} text @returns {import('@anthropic-ai/sdk').Anthropic.Messages.TextBlockParam} */
const cached = (ttl, text) => ({ type: 'text', text, cache_control: { type: 'ephemeral', ttl } });

/**
 * Scenario → what the app does. A call that should fail must fail with the SDK's own error.
 * @type {Readonly<Record<string, (client: Anthropic, request: Request) => Promise<unknown>>>}
 */
export const anthropicCalls = {
  messages: send,
  'messages-retried': send,
  'messages-unknown-model': send,
  'messages-cached': (client, request) =>
    send(client, request, { system: [cached('1h', SYSTEM), cached('5m', 'The catalogue of this week: …')] }),
  'messages-tool-use': async (client, request) => {
    const message = await send(client, request, { tools: [trackOrder] });
    if (!message.content.some((block) => block.type === 'tool_use')) throw new Error('the model used no tool');
  },
  'messages-thinking': async (client, request) => {
    const message = await send(client, request, { thinking: { type: 'enabled', budget_tokens: 4000 } });
    if (!message.content.some((block) => block.type === 'thinking')) throw new Error('the model did not think');
  },
  'messages-web-search': (client, request) => send(client, request, { tools: [webSearch] }),
  'messages-web-search-stream': async (client, request) => {
    const options = { headers: request.headers };
    const message = await client.messages
      .stream({ ...parameters(request), tools: [webSearch] }, options)
      .finalMessage();
    if (!message.usage.server_tool_use) throw new Error('the model searched nothing');
  },
  'messages-stream': async (client, request) => {
    const options = { headers: request.headers };
    const stream = await client.messages.create({ ...parameters(request), stream: true }, options);
    let isStopped = false;
    for await (const event of stream) isStopped ||= event.type === 'message_stop';
    if (!isStopped) throw new Error('the stream did not stop');
  },
  'messages-stream-helper': async (client, request) => {
    const message = await client.messages.stream(parameters(request), { headers: request.headers }).finalMessage();
    if (message.content.length === 0) throw new Error('the message is empty');
  },
  'messages-stream-aborted': async (client, request) => {
    const options = { headers: request.headers };
    const stream = await client.messages.create({ ...parameters(request), stream: true }, options);
    const seen = [];
    for await (const event of stream) {
      // The visitor has read enough and closes the page.
      if (seen.push(event.type) === 20) break;
    }
  },
  'messages-rate-limited': async (client, request) => {
    try {
      await client.messages.create(parameters(request), { headers: request.headers, maxRetries: 1 });
    } catch (error) {
      if (error instanceof Error && 'status' in error && error.status === 429) return;
      throw error;
    }
    throw new Error('the call succeeded, though the provider answered 429');
  },
};
