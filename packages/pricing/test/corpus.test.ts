// Recorded provider interactions, read where they lie beside the checkout; they are no part of this project.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  createStreamReader,
  estimateRequestTokens,
  INPUT_BUCKETS,
  parsePicoUsd,
  priceInteraction,
  readUsage,
  type InteractionAnswer,
} from '../src/index.js';
import { at } from '../src/apis/json.js';
import { parseJson } from '../src/interaction/server-sent-events.js';
import { parseResponseBody } from '../src/interaction/response-body.js';
import { sumBuckets } from './arbitraries.js';

interface Interaction {
  readonly id: string;
  readonly provider: string;
  readonly api: string;
  readonly request: { readonly body: unknown } | null;
  readonly response: { readonly status: number; readonly [name: string]: unknown };
  readonly canonical_usage?: Readonly<Record<string, unknown>> | null;
  readonly provider_reported_cost_usd?: number | null;
  readonly expected?: { readonly usd?: number; readonly agree?: boolean; readonly adjudicated_usd?: number };
}

const directory = join(fileURLToPath(new URL('../../..', import.meta.url)), '../shared/data/payloads');
const isPresent = existsSync(directory);
if (!isPresent)
  console.info(`pricing: recorded interactions are not at ${directory}; their figures are not checked here`);

function load(provider: string): Interaction[] {
  // The body of a describe that is left out is run all the same, to collect its tests.
  if (!isPresent) return [];
  const text = readFileSync(join(directory, `${provider}.jsonl`), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Interaction);
}

const AT = Date.UTC(2026, 10, 22);
/** APIs whose token counts the recordings state in one form. */
const COUNTED_APIS = new Set([
  'chat.completions',
  'responses',
  'responses.compact',
  'completions',
  'embeddings',
  'messages',
]);

function answer({ id, provider, api, request, response }: Interaction): InteractionAnswer {
  return priceInteraction({ id, provider, api, request, response }, { at: AT, now: AT });
}

/** Within 0.1 %, as the recorded costs are compared everywhere. */
function isNear(cost: string | null, expected: number): boolean {
  return cost !== null && Math.abs(Number(cost) - expected) <= Math.max(expected * 0.001, 1e-10);
}

describe.runIf(isPresent)('recorded interactions of OpenAI, Azure and Anthropic', () => {
  const interactions = ['openai', 'azure', 'anthropic'].flatMap(load);
  const answered = interactions.map((interaction) => ({ interaction, answer: answer(interaction) }));

  it('cost what independent catalogues agree on, each and every one', () => {
    const agreed = answered.filter(
      ({ interaction: { expected, response } }) => response.status < 400 && expected?.agree === true,
    );
    const wrong = agreed.filter(
      ({ interaction, answer }) => !isNear(answer.cost_usd, interaction.expected?.usd ?? Number.NaN),
    );
    expect(agreed.length).toBeGreaterThan(1_500);
    expect(wrong.map(({ interaction, answer }) => `${interaction.id} ${answer.cost_usd} ${answer.reason}`)).toEqual([]);
  });

  it('cost what was adjudicated where catalogues differ', () => {
    const adjudicated = answered.filter(({ interaction }) => typeof interaction.expected?.adjudicated_usd === 'number');
    expect(adjudicated.length).toBeGreaterThan(25);
    expect(
      adjudicated
        .filter(({ interaction, answer }) => !isNear(answer.cost_usd, interaction.expected?.adjudicated_usd ?? 0))
        .map(({ interaction }) => interaction.id),
    ).toEqual([]);
  });

  it('carry no cost when they failed, and a cost of zero only where the provider says so of counts that contradict each other', () => {
    const free = answered.filter(({ answer }) => answer.cost_usd === '0').map(({ answer }) => answer);
    for (const { price_source: source, usage_quality: quality } of free)
      expect([source, quality]).toEqual(['provider', 'inconsistent']);
    for (const { interaction, answer } of answered) {
      if (interaction.response.status >= 400)
        expect(answer).toMatchObject({ status: 'error_response', cost_usd: null });
    }
  });

  it('carry no cost when they report no usage', () => {
    const unused = answered.filter(
      ({ interaction: { canonical_usage: usage, expected, provider_reported_cost_usd: reported } }) => {
        const counts = Object.values(usage ?? {}).filter((count) => typeof count === 'number');
        return counts.every((count) => count === 0) && expected?.usd === undefined && typeof reported !== 'number';
      },
    );
    expect(unused.length).toBeGreaterThan(100);
    expect(unused.filter(({ answer }) => answer.cost_usd !== null)).toEqual([]);
  });

  it('have the input and output tokens of the recording', () => {
    const differing = answered.filter(({ interaction: { api, canonical_usage: usage }, answer }) => {
      if (!COUNTED_APIS.has(api) || usage === null || usage === undefined || answer.status !== 'priced') return false;
      return typeof usage['input'] === 'number' && sumBuckets(answer.usage, INPUT_BUCKETS) !== usage['input'];
    });
    expect(differing.map(({ interaction }) => interaction.id)).toEqual([]);
  });
});

describe.runIf(isPresent)('recorded interactions of everyone', () => {
  it('are each answered, without a cost of zero, and nearly all as independent catalogues agree', () => {
    let agreed = 0;
    let right = 0;
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.jsonl'))) {
      for (const interaction of load(file.slice(0, -'.jsonl'.length))) {
        const { status, cost_usd: cost, fees_usd: fees, total_usd: total, reason } = answer(interaction);
        expect(total === null).toBe(status !== 'priced');
        expect(parsePicoUsd(total ?? '0')).toBe(parsePicoUsd(cost ?? '0') + parsePicoUsd(fees ?? '0'));
        // Free of charge is what the catalogues say of few models; nothing else may cost nothing.
        if (cost === '0') expect(interaction.expected?.usd ?? interaction.provider_reported_cost_usd).toBe(0);
        if (status !== 'priced') expect(reason).toBeTruthy();
        if (interaction.response.status >= 400 || interaction.expected?.agree !== true) continue;
        agreed += 1;
        const accepted = [interaction.expected.usd, interaction.provider_reported_cost_usd];
        if (accepted.some((expected) => typeof expected === 'number' && isNear(cost, expected))) right += 1;
      }
    }
    console.info(`pricing: ${right} of ${agreed} costs as catalogues agree`);
    expect(right / agreed).toBeGreaterThan(0.997);
  });
});

describe.runIf(isPresent)('the estimate of a request', () => {
  /** The median of the relative errors, sign aside, over requests whose text is all there. */
  function medianError(api: string): number {
    const errors = ['openai', 'azure', 'groq', 'mistral', 'deepseek'].flatMap(load).flatMap((interaction) => {
      const body = parseResponseBody(interaction.response);
      if (interaction.api !== api || interaction.request === null || body.kind === 'unreadable') return [];
      const reader = createStreamReader(api, interaction.provider);
      if (body.kind === 'events') for (const event of body.events) reader.push(event);
      const reading = body.kind === 'events' ? reader.finish() : readUsage(api, interaction.provider, body.value);
      const request =
        typeof interaction.request.body === 'string' ? parseJson(interaction.request.body) : interaction.request.body;
      const text = JSON.stringify(request) ?? '';
      const tokens = sumBuckets(reading?.usage ?? {}, INPUT_BUCKETS);
      if (tokens === 0 || at(request, 'previous_response_id') || /image|file|audio|web_search|code_|mcp/.test(text))
        return [];
      return [Math.abs(estimateRequestTokens(request) / tokens - 1)];
    });
    expect(errors.length).toBeGreaterThan(100);
    return errors.sort((a, b) => a - b)[Math.floor(errors.length / 2)] ?? Number.NaN;
  }

  it('is off by less than a third in the median for chats, and less than a half for responses', () => {
    const chat = medianError('chat.completions');
    const responses = medianError('responses');
    console.info(
      `pricing: median error of estimated input: chats ${chat.toFixed(2)}, responses ${responses.toFixed(2)}`,
    );
    expect(chat).toBeLessThan(0.33);
    expect(responses).toBeLessThan(0.5);
  });
});
