// What the shop asks its providers, and what they answer. Each scenario is one thing that changes a price, or one way
// in which cost gets lost in practice. The app half of a scenario is in apps/, the provider half in provider/.

/**
 * What Costel must say about a call:
 * - `exact`: the very cost that the provider charges;
 * - `estimated`: the provider never said how much was used (a stream without a usage chunk, an aborted stream), so
 *   Costel must estimate: above zero and marked as estimated;
 * - `unpriced`: nobody knows a price: counted as unpriced, never as free;
 * - `free`: an error that the provider does not charge for.
 * @typedef {'exact' | 'estimated' | 'unpriced' | 'free'} Truth
 */

/** @typedef {'openai' | 'anthropic'} Provider */

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {Provider} provider
 * @property {Truth} truth
 * @property {readonly string[]} models as the app asks for them
 * @property {readonly FeatureName[]} features which of the shop's features make such calls
 * @property {number} weight how often it comes, compared with the others
 */

/** @typedef {'product-search' | 'support-chat' | 'product-copy' | 'order-agent' | 'review-digest'} FeatureName */

/** Feature → the team that owns it. @type {Readonly<Record<FeatureName, string>>} */
export const TEAMS = {
  'product-search': 'discovery',
  'support-chat': 'care',
  'product-copy': 'content',
  'order-agent': 'care',
  'review-digest': 'content',
};

/** The model that answers, by the name that the app asks for. @type {Readonly<Record<string, string>>} */
export const RESPONSE_MODELS = {
  'gpt-4o': 'gpt-4o-2024-08-06',
  'gpt-4o-mini': 'gpt-4o-mini-2024-07-18',
  'gpt-4.1': 'gpt-4.1-2025-04-14',
  'gpt-4.1-mini': 'gpt-4.1-mini-2025-04-14',
  'gpt-5': 'gpt-5-2025-08-07',
  'gpt-5-mini': 'gpt-5-mini-2025-08-07',
  'gpt-5.4': 'gpt-5.4-2026-03-05',
  'o4-mini': 'o4-mini-2025-04-16',
  'text-embedding-3-small': 'text-embedding-3-small',
  'text-embedding-3-large': 'text-embedding-3-large',
  'claude-haiku-4-5': 'claude-haiku-4-5-20251001',
  'claude-sonnet-4-6': 'claude-sonnet-4-6',
  'claude-opus-4-8': 'claude-opus-4-8',
  // Not on anybody's price list, as a model is on the day it appears.
  'shop-llm-9-preview': 'shop-llm-9-preview',
};

/** @type {readonly Scenario[]} */
export const SCENARIOS = [
  ...scenarios('openai', 'exact', {
    'chat-json': [10, ['gpt-4o-mini', 'gpt-4.1-mini', 'gpt-4.1'], ['support-chat', 'product-copy', 'review-digest']],
    'chat-cached': [6, ['gpt-4o', 'gpt-4.1', 'gpt-5-mini'], ['support-chat', 'order-agent']],
    'chat-tool-call': [5, ['gpt-4.1', 'gpt-4.1-mini', 'gpt-5-mini'], ['order-agent']],
    'chat-reasoning': [4, ['gpt-5', 'o4-mini'], ['order-agent']],
    'chat-flex': [3, ['gpt-5', 'gpt-5-mini'], ['review-digest']],
    'chat-priority': [3, ['gpt-5', 'o4-mini'], ['support-chat']],
    'chat-long-context': [1, ['gpt-5.4'], ['review-digest']],
    'chat-parse': [3, ['gpt-4o-mini', 'gpt-5-mini'], ['product-search']],
    'chat-with-response': [2, ['gpt-4o-mini'], ['product-search']],
    'chat-stream': [6, ['gpt-4o', 'gpt-5-mini', 'gpt-4.1-mini'], ['support-chat', 'product-copy']],
    'chat-stream-helper': [2, ['gpt-4.1-mini'], ['product-copy']],
    'chat-retried': [2, ['gpt-4o-mini'], ['support-chat']],
    embeddings: [6, ['text-embedding-3-small', 'text-embedding-3-large'], ['product-search']],
    responses: [5, ['gpt-5', 'gpt-4.1'], ['order-agent', 'product-copy']],
    'responses-stream': [4, ['gpt-5-mini', 'gpt-4.1'], ['support-chat']],
  }),
  ...scenarios('openai', 'estimated', {
    'chat-stream-no-usage': [3, ['gpt-4o-mini', 'gpt-4o'], ['product-copy']],
    'chat-stream-aborted': [3, ['gpt-4o', 'gpt-4.1-mini'], ['support-chat']],
  }),
  ...scenarios('openai', 'unpriced', { 'chat-unknown-model': [2, ['shop-llm-9-preview'], ['product-search']] }),
  ...scenarios('openai', 'free', { 'chat-rate-limited': [2, ['gpt-4o-mini'], ['support-chat']] }),
  ...scenarios('anthropic', 'exact', {
    messages: [8, ['claude-haiku-4-5', 'claude-sonnet-4-6'], ['support-chat', 'product-copy']],
    'messages-cached': [
      7,
      ['claude-sonnet-4-6', 'claude-haiku-4-5', 'claude-opus-4-8'],
      ['support-chat', 'order-agent'],
    ],
    'messages-tool-use': [4, ['claude-sonnet-4-6'], ['order-agent']],
    'messages-thinking': [3, ['claude-opus-4-8', 'claude-sonnet-4-6'], ['order-agent']],
    'messages-web-search': [3, ['claude-sonnet-4-6', 'claude-haiku-4-5'], ['product-search', 'review-digest']],
    'messages-web-search-stream': [2, ['claude-sonnet-4-6'], ['review-digest']],
    'messages-stream': [6, ['claude-haiku-4-5', 'claude-sonnet-4-6'], ['support-chat']],
    'messages-stream-helper': [4, ['claude-haiku-4-5', 'claude-opus-4-8'], ['product-copy']],
    'messages-retried': [2, ['claude-haiku-4-5'], ['support-chat']],
  }),
  ...scenarios('anthropic', 'estimated', { 'messages-stream-aborted': [3, ['claude-haiku-4-5'], ['support-chat']] }),
  ...scenarios('anthropic', 'unpriced', { 'messages-unknown-model': [2, ['shop-llm-9-preview'], ['review-digest']] }),
  ...scenarios('anthropic', 'free', { 'messages-rate-limited': [2, ['claude-haiku-4-5'], ['support-chat']] }),
];

/**
 * @param {Provider} provider
 * @param {Truth} truth
 * @param {Record<string, [weight: number, models: string[], features: FeatureName[]]>} rows
 * @returns {Scenario[]}
 */
function scenarios(provider, truth, rows) {
  return Object.entries(rows).map(([name, [weight, models, features]]) => ({
    name,
    provider,
    truth,
    weight,
    models,
    features,
  }));
}
