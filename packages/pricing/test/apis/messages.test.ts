import { describe, expect, it } from 'vitest';
import { SHORT_CONTEXT_TOKENS } from '../../src/apis/add-reading.js';
import { thresholdsOf } from '../../src/bucket-prices.js';
import { CATALOGUES } from '../../src/catalogue/catalogues.js';
import {
  createStreamReader,
  parsePicoUsd,
  priceCall,
  priceInteraction,
  readUsage,
  withBeside,
  type InteractionAnswer,
  type UsageReading,
} from '../../src/index.js';

function read(usage: unknown): UsageReading | undefined {
  return readUsage('messages', 'anthropic', {
    id: 'msg_1',
    type: 'message',
    model: 'claude-opus-4-8',
    stop_reason: 'end_turn',
    usage,
  });
}

describe('a message', () => {
  it('adds cached tokens to the input and keeps writes apart by lifetime', () => {
    const usage = {
      input_tokens: 10,
      cache_read_input_tokens: 200,
      cache_creation_input_tokens: 50,
      cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
      output_tokens: 7,
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
      service_tier: 'standard',
      inference_geo: 'not_available',
    };
    expect(read(usage)).toEqual({
      usage: { input: 10, cache_read: 200, cache_write_5m: 20, cache_write_1h: 30, output: 7, web_search: 2 },
      quality: 'reported',
      responseModel: 'claude-opus-4-8',
      responseId: 'msg_1',
      serviceTier: '',
      region: '',
      finishReasons: ['end_turn'],
    });
  });

  it.each([
    ['no breakdown', {}, { cache_write_5m: 50 }],
    ['a breakdown of null', { cache_creation: null }, { cache_write_5m: 50 }],
    ['hours above the total', { cache_creation: { ephemeral_1h_input_tokens: 60 } }, { cache_write_5m: 50 }],
    ['all for an hour', { cache_creation: { ephemeral_1h_input_tokens: 50 } }, { cache_write_1h: 50 }],
  ])('with %s counts every written token once', (_case, extra, expected) => {
    expect(read({ input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 50, ...extra })?.usage).toEqual(
      expected,
    );
  });

  it.each([
    { ephemeral_1h_input_tokens: 60 },
    { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 30 },
    { ephemeral_1h_input_tokens: -1 },
    { ephemeral_1h_input_tokens: 2.5 },
    { ephemeral_1h_input_tokens: '20' },
  ])('is inconsistent where %o cannot be parts of the 50 tokens written, and counts these', (cache_creation) => {
    const usage = { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 50, cache_creation };
    const reading = read(usage);
    expect(reading?.quality).toBe('inconsistent');
    expect((reading?.usage.cache_write_5m ?? 0) + (reading?.usage.cache_write_1h ?? 0)).toBe(50);
  });

  it('states speed and region where they change the price', () => {
    const base = { input_tokens: 1, output_tokens: 1 };
    expect(read({ ...base, speed: 'fast', service_tier: 'standard' })?.serviceTier).toBe('fast');
    expect(read({ ...base, service_tier: 'batch' })?.serviceTier).toBe('batch');
    expect(read({ ...base, inference_geo: 'us' })?.region).toBe('us');
    expect(read({ ...base, inference_geo: 'global' })?.region).toBe('');
  });

  it('separates thinking from the answer', () => {
    const usage = { input_tokens: 1, output_tokens: 100, output_tokens_details: { thinking_tokens: 80 } };
    expect(read(usage)?.usage).toEqual({ input: 1, output: 20, reasoning: 80 });
  });

  it.each([{ input_tokens: '5' }, { input_tokens: 5, cache_read_input_tokens: -1 }, { input_tokens: 1.5 }])(
    'with input of %o is inconsistent and has no usable count',
    (input) => {
      expect(read({ ...input, output_tokens: 3 })).toMatchObject({ usage: {}, quality: 'inconsistent' });
    },
  );

  it('without usage is missing', () => {
    expect(read(undefined)?.quality).toBe('missing');
    expect(read({})?.quality).toBe('missing');
  });
});

describe('a stream of a message', () => {
  const start = {
    type: 'message_start',
    message: {
      id: 'msg_1',
      model: 'claude-opus-4-8',
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 5,
        cache_creation_input_tokens: 0,
        output_tokens: 1,
        service_tier: 'standard',
      },
    },
  };
  const text = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'x'.repeat(360) } };
  const end = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 90 } };

  it('takes input from its start and the cumulative output from its last delta', () => {
    const reader = createStreamReader('messages', 'anthropic');
    for (const event of [
      start,
      { type: 'ping' },
      text,
      { ...end, usage: { output_tokens: 40 } },
      end,
      { type: 'message_stop' },
    ])
      reader.push(event);
    expect(reader.finish()).toMatchObject({
      usage: { input: 10, cache_read: 5, output: 90 },
      quality: 'reported',
      responseId: 'msg_1',
      finishReasons: ['end_turn'],
    });
  });

  it('that broke off keeps the reported input and estimates the output from the text seen', () => {
    const reader = createStreamReader('messages', 'anthropic');
    reader.push(start);
    reader.push(text);
    expect(
      reader.finish({ estimateFromRequest: { messages: [{ role: 'user', content: 'a long question' }] } }),
    ).toMatchObject({
      usage: { input: 10, cache_read: 5, output: 100 },
      quality: 'estimated',
    });
  });

  it('ignores what is no event', () => {
    const reader = createStreamReader('messages', 'anthropic');
    for (const event of [null, 'x', 3, [], {}, { type: 'message_delta' }, { type: 'content_block_delta' }])
      reader.push(event);
    expect(reader.finish()).toBeUndefined();
  });
});

describe('iterations that a message’s totals leave out', () => {
  const MESSAGE = {
    id: 'msg_1',
    model: 'claude-opus-4-6',
    usage: {
      input_tokens: 700,
      output_tokens: 1300,
      iterations: [
        { type: 'compaction', input_tokens: 60_000, output_tokens: 600 },
        { type: 'message', input_tokens: 700, output_tokens: 1300 },
        { type: 'advisor_message', model: 'claude-haiku-4-5', input_tokens: 2000, output_tokens: 20 },
      ],
    },
  };

  it('are billed beside it, each at the price of its own model', () => {
    const reading = readUsage('messages', 'anthropic', MESSAGE);
    expect(reading).toMatchObject({
      usage: { input: 700, output: 1300 },
      beside: [
        { responseModel: 'claude-opus-4-6', usage: { input: 60_000, output: 600 } },
        { responseModel: 'claude-haiku-4-5', usage: { input: 2000, output: 20 } },
      ],
    });
    const answer = priceInteraction(
      { id: 'x', provider: 'anthropic', api: 'messages', response: { status: 200, body_kind: 'json', body: MESSAGE } },
      { at: Date.UTC(2026, 10, 22), now: 0 },
    );
    // $5/M in and $25/M out; $1/M in and $5/M out.
    expect(answer.cost_usd).toBe('0.036');
    expect(answer.items?.map(({ id, cost_usd: cost }) => [id, cost])).toEqual([
      ['x#1', '0.315'],
      ['x#2', '0.0021'],
    ]);
  });

  it('are part of the one call that a span reports, where their model is the same', () => {
    const reading = readUsage('messages', 'anthropic', MESSAGE);
    if (reading === undefined) throw new Error('nothing was read');
    expect(withBeside(reading)).toMatchObject({
      responseId: 'msg_1',
      usage: { input: 60_700, output: 1900 },
      beside: [{ responseModel: 'claude-haiku-4-5' }],
    });
  });

  it('are none where there are no others', () => {
    const { iterations: _iterations, ...usage } = MESSAGE.usage;
    expect(readUsage('messages', 'anthropic', { ...MESSAGE, usage })?.beside).toBeUndefined();
  });
});

describe('a message that server-side tools made loop', () => {
  const part = (input: number, output: number, type = 'message'): object => ({
    type,
    input_tokens: input,
    cache_read_input_tokens: 1000,
    output_tokens: output,
  });
  const message = (...iterations: readonly object[]): object => ({
    id: 'msg_1',
    model: 'claude-haiku-5-5',
    usage: {
      input_tokens: 204_000,
      cache_read_input_tokens: 2000,
      output_tokens: 300,
      server_tool_use: { web_search_requests: 2 },
      iterations,
    },
  });
  const at = Date.UTC(2026, 10, 22);
  const answerTo = (body: object): InteractionAnswer =>
    priceInteraction(
      { id: 'x', provider: 'anthropic', api: 'messages', response: { status: 200, body_kind: 'json', body } },
      { at, now: 0 },
    );
  const costOf = (input: number, output: number): bigint =>
    priceCall({
      provider: 'anthropic',
      responseModel: 'claude-haiku-5-5',
      atMs: at,
      usage: { input, cache_read: 1000, output },
      quality: 'reported',
    }).costPicoUsd ?? 0n;

  it('is judged call by call: only what is above the threshold has the price of a long context', () => {
    const answer = answerTo(message(part(90_000, 100), part(114_000, 200)));
    const expected = costOf(90_000, 100) + costOf(114_000, 200);
    expect(parsePicoUsd(answer.cost_usd ?? '0')).toBe(expected);
    // By the sum all of it would be dearer.
    expect(expected).toBeLessThan(costOf(204_000 + 1000, 300));
    expect(answer.usage).toEqual({ input: 204_000, cache_read: 2000, output: 300, web_search: 2 });
    expect(answer.line_items.map(({ bucket, quantity }) => [bucket, quantity])).toEqual([
      ['input', 90_000],
      ['input', 114_000],
      ['cache_read', 1000],
      ['cache_read', 1000],
      ['output', 100],
      ['output', 200],
    ]);
    expect(answer.fee_items).toMatchObject([{ bucket: 'web_search', quantity: 2 }]);
    expect(answer.items).toBeUndefined();
  });

  it('names the hours of a container that code ran in as not counted, in one piece and as a stream', () => {
    const usage = { input_tokens: 10, output_tokens: 5 };
    const container = { id: 'container_1', expires_at: '2026-11-22T10:00:00Z' };
    const body = { model: 'claude-haiku-4-5', usage, container };
    expect(answerTo(body)).toMatchObject({ total_usd: '0.000035', not_counted: ['container_hours'] });
    expect(answerTo({ ...body, container: null }).not_counted).toBeUndefined();
    const reader = createStreamReader('messages', 'anthropic');
    reader.push({ type: 'message_start', message: { model: 'claude-haiku-4-5', usage, container: null } });
    reader.push({ type: 'message_delta', delta: { stop_reason: 'end_turn', container }, usage: { output_tokens: 5 } });
    expect(reader.finish()?.notCounted).toEqual(['container_hours']);
  });

  it('is several calls to who can report one price a call, and its fees are among them once', () => {
    const reading = readUsage('messages', 'anthropic', message(part(90_000, 100), part(114_000, 200)));
    if (reading === undefined) throw new Error('nothing was read');
    expect(withBeside(reading)).toMatchObject({
      usage: { input: 114_000, cache_read: 1000, output: 200, web_search: 2 },
      beside: [{ responseModel: 'claude-haiku-5-5', usage: { input: 90_000, cache_read: 1000, output: 100 } }],
    });
    expect(withBeside(reading).iterations).toBeUndefined();
    expect(withBeside(reading).beside?.[0]?.usage.web_search).toBeUndefined();
  });

  it.each([
    ['do not add up to the totals', message(part(90_000, 100), part(113_999, 200))],
    ['are one', message(part(204_000, 300))],
    ['are no list', { ...message(), usage: { input_tokens: 200_000, output_tokens: 1, iterations: 'x' } }],
  ])('is one call where its iterations %s', (_case, body) => {
    expect(readUsage('messages', 'anthropic', body)?.iterations).toBeUndefined();
  });

  it('keeps a compaction of the context apart from it where both together would be a long context', () => {
    const usage = {
      input_tokens: 20_000,
      output_tokens: 10,
      iterations: [
        { type: 'compaction', input_tokens: 90_000, output_tokens: 5 },
        { type: 'message', input_tokens: 20_000, output_tokens: 10 },
      ],
    };
    const reading = readUsage('messages', 'anthropic', { id: 'msg_1', model: 'claude-haiku-5-5', usage });
    if (reading === undefined) throw new Error('nothing was read');
    expect(withBeside(reading)).toMatchObject({
      usage: { input: 20_000, output: 10 },
      beside: [{ usage: { input: 90_000, output: 5 } }],
    });
  });

  it('needs no such care below the lowest threshold of any Claude model', () => {
    const thresholds = CATALOGUES.flatMap((catalogue) =>
      catalogue.providerIds.flatMap((id) =>
        (catalogue.findProvider(id)?.models ?? [])
          .filter(([model]) => model.includes('claude'))
          .flatMap(([, , entries, variants = []]) =>
            [...entries.map(([, prices]) => prices), ...variants.map(([, prices]) => prices)].flatMap((prices) => [
              ...thresholdsOf(prices),
            ]),
          ),
      ),
    ).filter((threshold) => threshold > 0);
    expect(thresholds.length).toBeGreaterThan(0);
    expect(Math.min(...thresholds)).toBeGreaterThanOrEqual(SHORT_CONTEXT_TOKENS);
  });
});
