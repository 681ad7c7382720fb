// What the provider answers, made in the process: no socket, so that the time measured is that of SDK and instrumentation.

/** Content chunks of a stream, the one that says why it ended included; one more chunk carries the usage. */
export const STREAM_CHUNKS = 200;

const MODEL = 'gpt-4o-mini-2024-07-18';
const CREATED = 1_790_000_000;

const USAGE = {
  prompt_tokens: 1200,
  completion_tokens: 300,
  total_tokens: 1500,
  prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};

const MESSAGES = [
  { role: 'system', content: 'You answer questions of a shop about its orders, briefly and in plain words.' },
  { role: 'user', content: 'Which of the orders of last week are still waiting for their parcel to be collected?' },
];

/** The request of each kind of call. */
export const REQUESTS = {
  json: { model: 'gpt-4o-mini', messages: MESSAGES, temperature: 0.2, max_tokens: 400 },
  stream: {
    model: 'gpt-4o-mini',
    messages: MESSAGES,
    temperature: 0.2,
    max_tokens: 400,
    stream: true,
    stream_options: { include_usage: true },
  },
};

const JSON_BODY = JSON.stringify({
  id: 'chatcmpl-bench0000000000000000001',
  object: 'chat.completion',
  created: CREATED,
  model: MODEL,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'Two orders are waiting: the one of Monday and the one of Thursday. '.repeat(8),
        refusal: null,
        annotations: [],
      },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: USAGE,
  service_tier: 'default',
  system_fingerprint: 'fp_bench',
});

/** @param {object} fields @returns {Uint8Array} one server-sent event */
function event(fields) {
  const chunk = {
    id: 'chatcmpl-bench0000000000000000002',
    object: 'chat.completion.chunk',
    created: CREATED,
    model: MODEL,
    service_tier: 'default',
    system_fingerprint: 'fp_bench',
    ...fields,
  };
  return new TextEncoder().encode(`data: ${JSON.stringify(chunk)}\n\n`);
}

/** @param {object} delta @param {string | null} finishReason */
function contentEvent(delta, finishReason) {
  return event({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }], usage: null });
}

const EVENTS = [
  contentEvent({ role: 'assistant', content: '', refusal: null }, null),
  ...Array.from({ length: STREAM_CHUNKS - 2 }, (_, index) => contentEvent({ content: ` word${index}` }, null)),
  contentEvent({}, 'stop'),
  event({ choices: [], usage: USAGE }),
  new TextEncoder().encode('data: [DONE]\n\n'),
];

/** @param {string} contentType */
function headers(contentType) {
  return {
    'content-type': contentType,
    date: new Date().toUTCString(),
    'x-request-id': 'req_bench',
    'openai-processing-ms': '400',
  };
}

/** The body of a stream, one event a read, as a network delivers it. */
function eventStream() {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const bytes = EVENTS[next];
      next += 1;
      if (bytes === undefined) controller.close();
      else controller.enqueue(bytes);
    },
  });
}

/**
 * The `fetch` of the client: an answer in the process itself.
 * @param {unknown} _url @param {{ body?: unknown }} [init] @returns {Promise<Response>}
 */
export async function answerInProcess(_url, init) {
  const isStream = typeof init?.body === 'string' && init.body.includes('"stream":true');
  return isStream
    ? new Response(eventStream(), { status: 200, headers: headers('text/event-stream; charset=utf-8') })
    : new Response(JSON_BODY, { status: 200, headers: headers('application/json') });
}
