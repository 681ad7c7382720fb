// Who calls what and when: a plan made from a seed before the first call, so that a run can be repeated.
import { SCENARIOS, TEAMS } from './scenarios.mjs';
import { seededRandom } from './seeded-random.mjs';

/**
 * The example apps: each is one process with one SDK major, started as its users would start it.
 * @typedef {object} App
 * @property {string} name the SDK and its major version; a folder of test/sdks holds the SDK
 * @property {import('./scenarios.mjs').Provider} provider
 * @property {string} sdk the package's name
 * @property {string} file in `apps/`
 * @property {readonly string[]} nodeArguments
 * @property {string} style how it loads Costel and the SDK
 * @property {string} environment `deployment.environment.name` of the process
 */

/** @type {readonly App[]} */
export const APPS = [
  {
    name: 'openai-6',
    provider: 'openai',
    sdk: 'openai',
    file: 'openai-6.mjs',
    nodeArguments: ['--import', '@costel/node/register'],
    style: 'ES module, static imports, node --import @costel/node/register',
    environment: 'demo',
  },
  {
    name: 'openai-7',
    provider: 'openai',
    sdk: 'openai',
    file: 'openai-7.cjs',
    nodeArguments: [],
    style: 'CommonJS, register() before require()',
    environment: 'demo',
  },
  {
    name: 'anthropic-0',
    provider: 'anthropic',
    sdk: '@anthropic-ai/sdk',
    file: 'anthropic-0.mjs',
    nodeArguments: [],
    style: 'ES module, register() before import()',
    environment: 'demo-staging',
  },
  {
    name: 'anthropic-1',
    provider: 'anthropic',
    sdk: '@anthropic-ai/sdk',
    file: 'anthropic-1.cjs',
    nodeArguments: [],
    style: 'CommonJS, register() before require()',
    environment: 'demo',
  },
];

/** Customers of the shop's platform, and who of their people uses it. */
const CUSTOMERS = {
  'acme-bikes': ['ada', 'ben', 'carla'],
  'globex-garden': ['dora', 'emil'],
  'initech-office': ['fay', 'gus', 'hana', 'ivan'],
  'umbrella-pharmacy': ['jo', 'kim'],
};

/**
 * @typedef {object} Call
 * @property {string} id unique in the run; the app sends it to the provider, which answers and keeps the books by it
 * @property {string} app
 * @property {import('./scenarios.mjs').Scenario} scenario
 * @property {string} model as the app asks for it
 * @property {string} feature
 * @property {string} user
 * @property {string} customer
 * @property {string} team
 * @property {string} environment
 * @property {number} atMs when it starts, after the start of the run
 */

/**
 * Plans calls that come irregularly, as traffic does. Every scenario of every SDK comes at least once when there is
 * room for it; beyond that the weights decide.
 * @param {{ calls: number, seed: string, durationMs: number, firstNumber?: number }} options
 * @returns {Call[]} in the order of their start
 */
export function planCalls({ calls, seed, durationMs, firstNumber = 1 }) {
  const random = seededRandom(seed);
  /** @type {[App, import('./scenarios.mjs').Scenario][]} */
  const pairs = APPS.flatMap((app) =>
    SCENARIOS.filter((scenario) => scenario.provider === app.provider).map(
      (scenario) => /** @type {[App, import('./scenarios.mjs').Scenario]} */ ([app, scenario]),
    ),
  );
  const weighted = pairs.flatMap((pair) => Array.from({ length: pair[1].weight }, () => pair));
  const chosen = shuffle(pairs, random).slice(0, calls);
  while (chosen.length < calls) chosen.push(random.pick(weighted));
  return shuffle(chosen, random).map(([app, scenario], index) => {
    const feature = random.pick(scenario.features);
    const customer = random.pick(Object.keys(CUSTOMERS));
    return {
      id: `call-${firstNumber + index}`,
      app: app.name,
      scenario,
      model: random.pick(scenario.models),
      feature,
      user: random.pick(CUSTOMERS[/** @type {keyof typeof CUSTOMERS} */ (customer)]),
      customer,
      team: TEAMS[feature],
      environment: app.environment,
      atMs: Math.round(((index + random.next()) * durationMs) / calls),
    };
  });
}

/**
 * @template T
 * @param {readonly T[]} values
 * @param {import('./seeded-random.mjs').SeededRandom} random
 * @returns {T[]} a copy in random order
 */
function shuffle(values, random) {
  return values
    .map((value) => /** @type {[number, T]} */ ([random.next(), value]))
    .sort((left, right) => left[0] - right[0])
    .map(([, value]) => value);
}
