// How much each scenario uses, and what comes back. Numbers vary with the seed; the relations between them are the
// providers': cached tokens come in steps of 128 at OpenAI, reasoning in steps of 64, a cache write has a lifetime.
import { RESPONSE_MODELS } from '../scenarios.mjs';
import { noUnits } from '../true-cost.mjs';

/**
 * @typedef {object} Answer
 * @property {string} id
 * @property {string} model
 * @property {import('../true-cost.mjs').Tier} tier
 * @property {import('../true-cost.mjs').Units} units
 * @property {string[]} words the text, in the pieces in which a stream sends it
 * @property {{ id: string, name: string, input: object } | undefined} toolCall
 * @property {string | undefined} thinking
 * @property {boolean} isStructured the text is JSON
 */

/** @typedef {Partial<import('../true-cost.mjs').Units>} SomeUnits */
/** @typedef {import('../seeded-random.mjs').SeededRandom} SeededRandom */

/** @type {Readonly<Record<string, (random: SeededRandom) => SomeUnits>>} */
const USAGE = {
  'chat-cached': (random) => ({ ...cachedInput(random, 12, 60), output: random.integer(40, 700) }),
  'chat-tool-call': (random) => ({ input: random.integer(400, 1800), output: random.integer(18, 90) }),
  'chat-reasoning': reasoned,
  'chat-flex': (random) => ({ ...reasoned(random), ...cachedInput(random, 20, 80) }),
  'chat-priority': reasoned,
  'chat-long-context': (random) => ({
    input: random.integer(276_000, 310_000),
    cachedInput: 128 * random.integer(8, 80),
    output: random.integer(200, 900),
  }),
  'chat-stream': (random) => ({ ...cachedInput(random, 0, 12), output: random.integer(60, 800) }),
  embeddings: (random) => ({ input: random.integer(6, 900) }),
  responses: (random) => ({ ...reasoned(random), ...cachedInput(random, 0, 24) }),
  'responses-stream': (random) => ({ ...reasoned(random), ...cachedInput(random, 4, 24) }),
  'messages-cached': (random) => ({
    input: random.integer(3, 400),
    cachedInput: random.integer(1024, 14_000),
    cacheWrite5m: random.integer(1, 3000),
    cacheWrite1h: random.integer(1, 3000),
    output: random.integer(60, 900),
  }),
  'messages-thinking': (random) => ({ input: random.integer(100, 2400), output: random.integer(900, 4200) }),
  'messages-web-search': searched,
  'messages-web-search-stream': searched,
  'messages-stream': (random) => ({
    input: random.integer(20, 2400),
    cachedInput: random.integer(0, 1) * random.integer(1024, 6000),
    cacheWrite5m: random.integer(0, 1) * random.integer(1024, 2000),
    output: random.integer(40, 800),
  }),
};

/** @param {SeededRandom} random @returns {SomeUnits} */
function reasoned(random) {
  const reasoning = 64 * random.integer(2, 30);
  return { input: random.integer(200, 2600), reasoning, output: reasoning + random.integer(40, 500) };
}

/** @param {SeededRandom} random @returns {SomeUnits} */
function searched(random) {
  return { input: random.integer(3000, 12_000), output: random.integer(200, 900), webSearches: random.integer(1, 4) };
}

/** @param {SeededRandom} random @param {number} least @param {number} most of 128 cached tokens @returns {SomeUnits} */
function cachedInput(random, least, most) {
  return { input: random.integer(60, 1500), cachedInput: 128 * random.integer(least, most) };
}

/**
 * @param {import('../plan.mjs').Call} call
 * @param {SeededRandom} random seeded for this call
 * @param {string} prompt everything that the request says, for streams whose usage follows from their text
 * @returns {Answer}
 */
export function answerTo(call, random, prompt) {
  const { name } = call.scenario;
  const model = RESPONSE_MODELS[call.model] ?? call.model;
  const isStructured = name === 'chat-parse';
  const words = isStructured ? structuredWords(random) : proseWords(random, wordCount(name, random));
  const usage = USAGE[name] ?? ((random) => ({ input: random.integer(120, 3800), output: random.integer(20, 900) }));
  const units = { ...noUnits(), ...usage(random) };
  if (call.scenario.truth === 'estimated') {
    // Nobody is told these numbers, so they have to follow from what there is to see.
    units.input = Math.ceil(prompt.length / 4);
    units.output = words.length;
  }
  const serial = `${Math.floor(random.next() * 2 ** 40).toString(36)}${Math.floor(random.next() * 2 ** 40).toString(36)}`;
  const toolCall = {
    id: serial,
    name: 'track_order',
    input: { order_number: String(random.integer(100_000, 999_999)), include_items: random.next() < 0.5 },
  };
  return {
    id: serial,
    model,
    tier: name === 'chat-flex' ? 'flex' : name === 'chat-priority' ? 'priority' : 'standard',
    units,
    words,
    toolCall: name === 'chat-tool-call' || name === 'messages-tool-use' ? toolCall : undefined,
    thinking: name === 'messages-thinking' ? proseWords(random, 30).join('') : undefined,
    isStructured,
  };
}

/** @param {string} name @param {SeededRandom} random */
function wordCount(name, random) {
  // An aborted stream must still have something to say when its reader leaves.
  return name.endsWith('-aborted') ? 400 : random.integer(12, 48);
}

const VOCABULARY = (
  'the order bike lamp is on its way and arrives tomorrow with free delivery you can return it within thirty days our ' +
  'garden chairs are made of larch they weather well a desk for small rooms fits this shelf customers like how quiet it is'
).split(' ');

/** @param {SeededRandom} random @param {number} count @returns {string[]} */
function proseWords(random, count) {
  return Array.from({ length: count }, (_, index) => `${index === 0 ? '' : ' '}${random.pick(VOCABULARY)}`);
}

/** @param {SeededRandom} random @returns {string[]} */
function structuredWords(random) {
  return ['{"products":["', random.pick(VOCABULARY), '","', random.pick(VOCABULARY), '"],"confident":true}'];
}
