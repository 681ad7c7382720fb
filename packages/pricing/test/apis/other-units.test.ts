import { describe, expect, it } from 'vitest';
import {
  createPriceBook,
  createStreamReader,
  NO_RULES,
  picoUsd,
  priceCall,
  priceInteraction,
  readUsage,
  type InteractionAnswer,
  type UsageReading,
} from '../../src/index.js';

const AT = Date.UTC(2026, 10, 22);

function read(api: string, body: object): UsageReading | undefined {
  return readUsage(api, 'any', body);
}

function price(provider: string, api: string, body: object, request: object = {}): InteractionAnswer {
  const response = { status: 200, body_kind: 'json', body: JSON.stringify(body) };
  return priceInteraction({ id: 'x', provider, api, request, response }, { at: AT, now: AT });
}

describe('what is counted in other units than tokens', () => {
  it('are searches of a reranker, or its tokens', () => {
    const cohere = { id: 'r', results: [], meta: { billed_units: { search_units: 2 } } };
    expect(read('rerank', cohere)?.usage).toEqual({ rerank_search: 2 });
    expect(price('cohere', 'rerank', cohere, { body: { model: 'rerank-v3.5' } })).toMatchObject({
      status: 'priced',
      cost_usd: null,
      total_usd: '0.004',
      fee_items: [{ bucket: 'rerank_search', quantity: 2, unit_price_usd: '0.002' }],
    });
    expect(read('rerank', { model: 'rerank-2-lite', usage: { total_tokens: 43 } })?.usage).toEqual({ input: 43 });
    expect(read('rerank', { results: [] })?.quality).toBe('missing');
  });

  it('are pages that were read', () => {
    expect(
      price('mistral', 'ocr', { model: 'mistral-ocr-latest', pages: [], usage_info: { pages_processed: 3 } }),
    ).toMatchObject({ status: 'priced', cost_usd: null, fees_usd: '0.012', total_usd: '0.012' });
  });

  it('are seconds of sound: $0.006 a minute', () => {
    const answer = price(
      'openai',
      'audio',
      { text: 'hi', usage: { type: 'duration', seconds: 30 } },
      { body: { model: 'whisper-1' } },
    );
    expect(answer).toMatchObject({ status: 'priced', cost_usd: null, total_usd: '0.003', usage: { audio_second: 30 } });
  });

  it('are seconds of sound that only a verbose transcript states', () => {
    expect(read('audio', { text: 'hi', duration: 29.2, segments: [] })?.usage).toEqual({ audio_second: 30 });
    expect(read('audio', { text: 'hi' })?.quality).toBe('missing');
    const tokens = { type: 'tokens', input_tokens: 9, output_tokens: 2, total_tokens: 11 };
    expect(read('audio', { text: 'hi', duration: 29.2, usage: tokens })?.usage).toEqual({ input: 9, output: 2 });
  });

  it('are never estimated of images and sound that broke off: their tokens cannot be told from what arrived', () => {
    const images = createStreamReader('images', 'openai');
    images.push({ type: 'image_generation.partial_image', partial_image_index: 0, b64_json: 'AA' });
    const request = { model: 'gpt-image-1', prompt: 'a house' };
    expect(images.finish({ estimateFromRequest: request })).toMatchObject({ usage: {}, quality: 'missing' });
    const details = { text_tokens: 10, image_tokens: 40 };
    const usage = { input_tokens: 50, output_tokens: 272, total_tokens: 322, input_tokens_details: details };
    images.push({ type: 'image_generation.completed', b64_json: 'AA', usage });
    expect(images.finish({ estimateFromRequest: request })).toMatchObject({
      usage: { input: 10, input_image: 40, output_image: 272 },
      quality: 'reported',
    });
    const transcript = createStreamReader('audio', 'openai');
    transcript.push({ type: 'transcript.text.delta', delta: 'Ruby is' });
    expect(transcript.finish({ estimateFromRequest: { model: 'gpt-4o-transcribe' } })).toBeUndefined();
  });

  it('stand beside tokens that are not billed, where the model is listed by the length of the sound', () => {
    const usage = {
      prompt_audio_seconds: 30,
      prompt_tokens: 5,
      completion_tokens: 11,
      total_tokens: 391,
      prompt_tokens_details: { audio_tokens: 375 },
    };
    // $0.18 an hour.
    expect(price('mistral', 'audio', { model: 'voxtral-mini-latest', usage })).toMatchObject({
      cost_usd: '0',
      fees_usd: '0.0015',
      fee_items: [{ bucket: 'audio_second', quantity: 30, unit_price_usd: '0.00005' }],
    });
    expect(
      priceCall({
        provider: 'mistral',
        requestModel: 'voxtral-mini-latest',
        atMs: AT,
        usage: { input: 5, output: 11, audio_second: 30 },
        quality: 'reported',
      }).costPicoUsd,
    ).toBe(1_500_000_000n);
  });

  it('are the characters that are spoken', () => {
    const speech = { id: 'x', provider: 'openai', api: 'audio', response: { status: 200, body_kind: 'binary' } };
    const request = { body: { model: 'tts-1', input: 'Hello, world' } };
    // $15 a million characters.
    expect(priceInteraction({ ...speech, request }, { at: AT, now: AT })).toMatchObject({
      status: 'priced',
      cost_usd: null,
      fees_usd: '0.00018',
      total_usd: '0.00018',
    });
  });

  it('are images, where no tokens are counted, by the size and quality that the request names', () => {
    const images = { data: [{ url: 'a' }, { url: 'b' }] };
    expect(read('images', images)?.usage).toEqual({ image: 2 });
    const total = (body?: object): unknown => price('openai', 'images', images, body && { body }).total_usd;
    expect(total({ model: 'dall-e-2', size: '256x256' })).toBe('0.032');
    expect(total({ model: 'dall-e-2' })).toBe('0.04');
    expect(total({ model: 'dall-e-3', size: '1024x1792', quality: 'hd' })).toBe('0.24');
    expect(total({ model: 'dall-e-3', size: '1792x1024', quality: 'standard' })).toBe('0.16');
    expect(price('openai', 'images', images, { body: { model: 'dall-e-2', size: '64x64' } })).toMatchObject({
      status: 'unpriced',
      reason: 'unknown_service_tier',
    });
    expect(price('openai', 'images', { ...images, model: 'dall-e-3' })).toMatchObject({
      status: 'unpriced',
      reason: 'no_price_for_bucket: image',
    });
  });

  it('are containers of commands too; of a bigger one the answer says that its price is not known', () => {
    const shell = (container: string): object => ({
      type: 'shell_call',
      environment: { type: 'container_reference', container_id: container },
    });
    const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
    const local = { type: 'shell_call', environment: { type: 'local' } };
    expect(read('responses', { output: [shell('a'), shell('a'), shell('b'), local], usage })?.usage).toEqual({
      input: 10,
      output: 5,
      code_execution: 2,
    });
    const tool = { type: 'code_interpreter', container: { type: 'auto', memory_limit: '4g' } };
    const call = { type: 'code_interpreter_call', container_id: 'c' };
    expect(read('responses', { output: [call], tools: [tool], usage })?.notCounted).toEqual(['container_memory']);
    expect(read('responses', { output: [], tools: [tool], usage })?.notCounted).toBeUndefined();
  });

  it('are tokens of another model, for images that a tool made; where nobody counts them the answer says so', () => {
    const body = {
      model: 'gpt-5',
      tools: [{ type: 'image_generation', model: 'gpt-image-1' }],
      output: [{ type: 'image_generation_call', status: 'completed' }],
      usage: { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 },
    };
    const details = { text_tokens: 50, image_tokens: 0 };
    const image_gen = { input_tokens: 50, input_tokens_details: details, output_tokens: 1056, total_tokens: 1106 };
    const counted = price('openai', 'responses', { ...body, tool_usage: { image_gen } });
    expect(counted).toMatchObject({
      model: 'gpt-5',
      total_usd: '0.00225',
      // 50 tokens of text at $5 a million, 1 056 of the image at $40.
      items: [{ model: 'gpt-image-1', usage: { input: 50, output_image: 1056 }, total_usd: '0.04249' }],
    });
    expect(counted.not_counted).toBeUndefined();
    expect(price('openai', 'responses', body)).toMatchObject({
      not_counted: ['image_generation'],
      total_usd: '0.00225',
    });
    const unnamed = { ...body, tools: [], tool_usage: { image_gen } };
    expect(price('openai', 'responses', unnamed).items).toMatchObject([
      { status: 'unpriced', reason: 'unknown_model' },
    ]);
    const none = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
    expect(price('openai', 'responses', { ...body, tool_usage: { image_gen: none } }).items).toBeUndefined();
  });

  it('are the searches that an answer counts itself, before those that are seen in it', () => {
    const output = [{ type: 'web_search_call', action: { type: 'search' } }];
    const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
    const tool_usage = { web_search: { num_requests: 3 } };
    expect(read('responses', { output, usage, tool_usage })?.usage).toMatchObject({ web_search: 3 });
    expect(read('responses', { output, usage, tool_usage: { web_search: { num_requests: -1 } } })).toMatchObject({
      usage: { input: 10, output: 5 },
      quality: 'inconsistent',
    });
  });

  it('are seconds of a video, once it is made', () => {
    expect(price('openai', 'videos', { id: 'v', model: 'sora-2', status: 'completed', seconds: '4' })).toMatchObject({
      cost_usd: null,
      fee_items: [{ bucket: 'video_second', quantity: 4, cost_usd: '0.4' }],
      total_usd: '0.4',
    });
    expect(price('openai', 'videos', { id: 'v', model: 'sora-2', status: 'queued', seconds: '4' })).toMatchObject({
      status: 'no_usage',
    });
  });

  it.each([
    ['720x1280', '1.2'],
    ['1792x1024', '2'],
    ['1024x1792', '2'],
  ])('are seconds of a video of Sora 2 Pro in %s, which cost the same in any size', (size, cost) => {
    const video = { id: 'v', model: 'sora-2-pro', status: 'completed', seconds: '4', size };
    expect(price('openai', 'videos', video)).toMatchObject({ total_usd: cost });
  });

  it('are seconds of a video in a size that nobody lists, without a price', () => {
    const video = { id: 'v', model: 'sora-2-pro', status: 'completed', seconds: '4', size: '4096x4096' };
    expect(price('openai', 'videos', video)).toMatchObject({ status: 'unpriced', total_usd: null });
  });

  it('are images that Imagen predicts, those aside that were filtered out', () => {
    const predictions = [
      { mimeType: 'image/png', bytesBase64Encoded: 'AA' },
      { mimeType: 'image/png', gcsUri: 'gs://bucket/image' },
      { raiFilteredReason: 'filtered' },
    ];
    const url = 'https://generativelanguage.googleapis.com/v1beta/models/imagen-4.0-generate-001:predict';
    const response = { status: 200, body_kind: 'json', body: { predictions } };
    const call = { id: 'x', provider: 'gcp.gemini', api: 'images', request: { url, body: {} }, response };
    expect(priceInteraction(call, { at: AT, now: AT })).toMatchObject({ usage: { image: 2 }, total_usd: '0.08' });
  });

  it('are sources of a live search of Grok, which were left out', () => {
    const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100, num_sources_used: 5 };
    // $3 and $15 a million; $25 a thousand.
    expect(price('xai', 'chat.completions', { model: 'grok-3', usage })).toMatchObject({
      cost_usd: '0.0045',
      fees_usd: '0.125',
    });
    const reported = { ...usage, cost_in_usd_ticks: 10_000_000_000 };
    expect(price('xai', 'chat.completions', { model: 'grok-3', usage: reported })).toMatchObject({ total_usd: '1' });
    const none = { ...usage, num_sources_used: 0 };
    expect(price('xai', 'chat.completions', { model: 'grok-3', usage: none })).toMatchObject({ total_usd: '0.0045' });
  });

  it('are containers that code ran in, each once, and searches, beside the tokens', () => {
    const body = {
      model: 'gpt-5-mini',
      output: [
        { type: 'code_interpreter_call', container_id: 'c1' },
        { type: 'code_interpreter_call', container_id: 'c1' },
        { type: 'web_search_call', action: { type: 'search' } },
        { type: 'file_search_call' },
      ],
      usage: { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 },
    };
    expect(read('responses', body)?.usage).toEqual({
      input: 1000,
      output: 100,
      web_search: 1,
      file_search: 1,
      code_execution: 1,
    });
    expect(price('openai', 'responses', body)).toMatchObject({
      cost_usd: '0.00045',
      fees_usd: '0.0425',
      fee_items: [
        { bucket: 'web_search', cost_usd: '0.01' },
        { bucket: 'file_search', cost_usd: '0.0025' },
        { bucket: 'code_execution', cost_usd: '0.03' },
      ],
    });
  });

  it('are groundings: by the search from Gemini 3 on, by the answer before, and by the answer in Maps', () => {
    const body = (modelVersion: string): object => ({
      modelVersion,
      candidates: [
        {
          groundingMetadata: {
            webSearchQueries: ['a', 'b'],
            groundingChunks: [{ web: { uri: 'u' } }, { maps: { uri: 'u' } }],
          },
        },
      ],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    });
    expect(read('generateContent', body('gemini-3-flash-preview'))?.usage).toMatchObject({
      web_search: 2,
      maps_search: 1,
    });
    expect(read('generateContent', body('gemini-2.5-flash'))?.usage).toMatchObject({ web_search: 1, maps_search: 1 });
  });

  const CACHE = {
    name: 'cachedContents/1',
    model: 'models/gemini-2.5-flash',
    createTime: '2026-05-28T14:00:00Z',
    updateTime: '2026-05-28T14:00:00Z',
    expireTime: '2026-05-28T14:30:00Z',
    usageMetadata: { totalTokenCount: 3513 },
  };
  const VERTEX_CACHE = {
    ...CACHE,
    name: 'projects/1/locations/global/cachedContents/1',
    model: 'projects/1/locations/global/publishers/google/models/gemini-2.5-flash',
  };

  it('are token-hours of a stored cache', () => {
    expect(read('cachedContents', CACHE)).toMatchObject({
      usage: { cache_storage: 1757 },
      quality: 'reported',
      responseModel: 'gemini-2.5-flash',
    });
    // 1 757 token-hours at $1 a million.
    expect(price('google', 'cachedContents', CACHE)).toMatchObject({
      status: 'priced',
      cost_usd: null,
      total_usd: '0.001757',
      fee_items: [{ bucket: 'cache_storage', quantity: 1757, unit_price_usd: '0.000001', cost_usd: '0.001757' }],
    });
    expect(price('google', 'cachedContents', { ...CACHE, model: 'models/gemini-4-argon' })).toMatchObject({
      status: 'unpriced',
      reason: 'no_price_for_bucket: cache_storage',
    });
  });

  it('of a cache on Vertex AI stand beside the tokens that creating it bills as input', () => {
    expect(read('cachedContents', VERTEX_CACHE)?.usage).toEqual({ input: 3513, cache_storage: 1757 });
    // 3 513 tokens at $0.30 a million beside them.
    expect(price('google_vertex', 'cachedContents', VERTEX_CACHE)).toMatchObject({
      cost_usd: '0.0010539',
      fees_usd: '0.001757',
      total_usd: '0.0028109',
    });
  });

  it('of a cache count once: not where it is looked at, deleted or kept for longer, which is named', () => {
    for (const method of ['GET', 'DELETE'])
      expect(price('google', 'cachedContents', CACHE, { method })).toMatchObject({
        status: 'not_billable',
        total_usd: null,
        reason: 'a stored cache is counted where it is created',
      });
    const extended = { ...CACHE, updateTime: '2026-05-28T14:10:00Z', expireTime: '2026-05-28T16:00:00Z' };
    expect(price('google', 'cachedContents', extended, { method: 'PATCH' })).toMatchObject({
      status: 'not_billable',
      usage: {},
      not_counted: ['cache_extension'],
    });
  });

  it('of a cache without an end are missing, and what contradicts itself is inconsistent', () => {
    const { expireTime: _expireTime, ...endless } = CACHE;
    expect(read('cachedContents', endless)).toMatchObject({ usage: {}, quality: 'missing' });
    const { expireTime: _end, ...endlessOnVertex } = VERTEX_CACHE;
    expect(read('cachedContents', endlessOnVertex)).toMatchObject({ usage: { input: 3513 }, quality: 'inconsistent' });
    const negative = { ...CACHE, usageMetadata: { totalTokenCount: -7200 } };
    expect(price('google', 'cachedContents', negative)).toMatchObject({
      status: 'unpriced',
      reason: 'usage_inconsistent',
    });
  });
});

describe('a model on one’s own machine', () => {
  const BODY = { model: 'llama3', done: true, done_reason: 'stop', prompt_eval_count: 11, eval_count: 40 };

  it('is read from Ollama’s own API, in one piece and as a stream, and priced where the user states a price', () => {
    const reader = createStreamReader('ollama.chat', 'ollama');
    reader.push({ model: 'llama3', message: { content: 'Hi' }, done: false });
    reader.push(BODY);
    expect(reader.finish()).toMatchObject({ usage: { input: 11, output: 40 }, quality: 'reported' });
    const reading = read('ollama.generate', BODY);
    expect(reading?.usage).toEqual({ input: 11, output: 40 });
    const call = {
      provider: 'ollama',
      responseModel: 'llama3',
      atMs: AT,
      usage: reading?.usage ?? {},
      quality: 'reported',
    } as const;
    expect(priceCall(call)).toMatchObject({ status: 'unpriced', reason: 'unknown_model' });
    const override = {
      name: 'box',
      provider: 'ollama',
      prices: { input: picoUsd(1_000_000n), output: picoUsd(2_000_000n) },
    };
    const book = createPriceBook({ rules: { ...NO_RULES, overrides: [override] } });
    expect(priceCall(call, book)).toMatchObject({
      status: 'priced',
      priceSource: 'override',
      costPicoUsd: 91_000_000n,
      ruleIds: ['override:box'],
    });
  });
});
