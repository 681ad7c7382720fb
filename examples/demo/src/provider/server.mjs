// The replay provider: one local HTTP server that answers as OpenAI and Anthropic do and keeps the books of what it
// served. It is told which calls will come (`expect`), and recognises each by the header that the app sends along.
import { createServer } from 'node:http';
import { seededRandom } from '../seeded-random.mjs';
import { truthEntry } from '../truth.mjs';
import { noUnits } from '../true-cost.mjs';
import { answerTo } from './answers.mjs';
import * as anthropic from './anthropic.mjs';
import * as openai from './openai.mjs';
import { readBody, sendEvents, sendJson } from './wire.mjs';

/** The header by which a request says which planned call it is. */
export const CALL_HEADER = 'x-demo-call';

/** Between two events of a stream. */
const EVENT_PAUSE_MS = 4;

/** What a 429 asks the SDK to wait before it tries again. */
const RETRY_AFTER_MS = 40;

/**
 * @typedef {object} ReplayProvider
 * @property {string} url e.g. `http://127.0.0.1:41234`
 * @property {(call: import('../plan.mjs').Call) => void} expect announces a call
 * @property {import('../truth.mjs').TruthEntry[]} entries the books so far
 * @property {string[]} surprises requests that no plan explains
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} Exchange
 * @property {import('../plan.mjs').Call} call
 * @property {Record<string, unknown>} body
 * @property {import('./answers.mjs').Answer} answer
 * @property {import('node:http').ServerResponse} response
 */

/** @type {Readonly<Record<string, (exchange: Exchange) => Promise<number | undefined>>>} */
const ROUTES = {
  'POST /v1/chat/completions': async ({ body, answer, response }) => {
    if (body['stream'] !== true) return send(response, openai.chatCompletion(answer));
    const options = /** @type {{ include_usage?: boolean } | undefined} */ (body['stream_options']);
    return stream(response, openai.chatCompletionChunks(answer, options?.include_usage === true), 1);
  },
  'POST /v1/embeddings': async ({ body, answer, response }) => {
    const input = body['input'];
    const count = Array.isArray(input) ? input.length : 1;
    return send(response, openai.embeddings(answer, count, body['encoding_format'] === 'base64'));
  },
  'POST /v1/responses': async ({ body, answer, response }) =>
    body['stream'] === true
      ? stream(response, openai.responseEvents(answer), 5)
      : send(response, openai.response(answer)),
  'POST /v1/messages': async ({ body, answer, response }) =>
    body['stream'] === true
      ? stream(response, anthropic.messageEvents(answer), 3)
      : send(response, anthropic.message(answer)),
};

/** @param {import('node:http').ServerResponse} response @param {object} body */
async function send(response, body) {
  sendJson(response, 200, body, { 'x-request-id': `req_${Date.now()}`, 'request-id': `req_${Date.now()}` });
  return undefined;
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {Generator<string>} events
 * @param {number} headEvents events before the first word
 * @returns {Promise<number>} words sent
 */
async function stream(response, events, headEvents) {
  const sent = await sendEvents(response, { events, pauseMs: EVENT_PAUSE_MS });
  return Math.max(0, sent - headEvents);
}

/**
 * @param {{ seed: string }} options
 * @returns {Promise<ReplayProvider>}
 */
export async function startReplayProvider({ seed }) {
  /** @type {Map<string, import('../plan.mjs').Call>} */
  const expected = new Map();
  /** @type {Map<string, number>} */
  const attempts = new Map();
  /** @type {import('../truth.mjs').TruthEntry[]} */
  const entries = [];
  /** @type {string[]} */
  const surprises = [];

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  const serve = async (request, response) => {
    const text = await readBody(request);
    const name = `${request.method} ${request.url}`;
    const route = ROUTES[name];
    const call = expected.get(String(request.headers[CALL_HEADER]));
    if (!route || !call) {
      surprises.push(`${name} (${CALL_HEADER}: ${String(request.headers[CALL_HEADER])})`);
      return sendJson(response, 404, { error: { message: 'Nobody planned this request.', type: 'not_found' } });
    }
    const attempt = (attempts.get(call.id) ?? 0) + 1;
    attempts.set(call.id, attempt);
    const scenario = call.scenario.name;
    if (scenario.endsWith('-rate-limited') || (scenario.endsWith('-retried') && attempt === 1)) {
      if (attempt === 1 && call.scenario.truth === 'free') {
        entries.push(truthEntry(call, { model: call.model, tier: 'standard', units: noUnits() }));
      }
      return refuse(call, response);
    }
    const random = seededRandom(`${seed}/${call.id}`);
    const answer = answerTo(call, random, text);
    await new Promise((resolve) => setTimeout(resolve, random.integer(5, 120)));
    const words = await route({ call, body: JSON.parse(text), answer, response });
    // Whoever leaves in the middle pays for what was written until then.
    const isAborted = words !== undefined && words < answer.words.length;
    entries.push(truthEntry(call, isAborted ? { ...answer, units: { ...answer.units, output: words } } : answer));
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((/** @type {unknown} */ error) => {
      surprises.push(error instanceof Error ? error.message : String(error));
      response.destroy();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    expect: (call) => void expected.set(call.id, call),
    entries,
    surprises,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** @param {import('../plan.mjs').Call} call @param {import('node:http').ServerResponse} response */
function refuse(call, response) {
  const body =
    call.scenario.provider === 'openai'
      ? openai.rateLimitError(call.model)
      : anthropic.rateLimitError(`req_${call.id}`);
  sendJson(response, 429, body, { 'retry-after-ms': String(RETRY_AFTER_MS) });
}
