// What any instrumentation that records this must cost on this machine: the least code that opens a span, listens to the
// answer, writes fifteen attributes and four metric points. It knows one method of one SDK and one price, and forgives
// nothing; ours is held against it, nobody should use it.
import { performance } from 'node:perf_hooks';

const NAME = 'benchmark-floor';
const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
const CLIENT = 2;

/** Pico-dollars a token. */
const INPUT_PRICE = 150_000n;
const CACHED_PRICE = 75_000n;
const OUTPUT_PRICE = 600_000n;

/** Every call of the benchmark has the same labels; they are made once, sorted as the metrics SDK wants them. */
function labelsOf(model, answered, more) {
  const labels = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': model,
    'gen_ai.response.model': answered,
  };
  return { ...labels, ...more };
}

/** Points on the instruments of a meter; the cost as a total that is read at collection. */
function meterPoints(meter) {
  const histogram = (name, unit, explicitBucketBoundaries) =>
    meter.createHistogram(name, { unit, advice: { explicitBucketBoundaries } });
  const tokens = histogram('gen_ai.client.token.usage', '{token}', TOKENS);
  const duration = histogram('gen_ai.client.operation.duration', 's', SECONDS);
  let total = 0n;
  let sets;
  meter.createObservableCounter('costel.cost', { unit: 'USD' }).addCallback((result) => {
    if (sets !== undefined) result.observe(Number(total) / 1e12, sets.all);
  });
  return (call) => {
    if (sets?.model !== call.model || sets.answered !== call.answered) {
      const { model, answered } = call;
      const all = labelsOf(model, answered);
      const [input, output] = ['input', 'output'].map((type) =>
        labelsOf(model, answered, { 'gen_ai.token.type': type }),
      );
      sets = { model, answered, all, input, output };
    }
    tokens.record(call.input, sets.input);
    tokens.record(call.output, sets.output);
    duration.record(call.seconds, sets.all);
    total += call.cost;
  };
}

class Counts {
  constructor(name, unit, boundaries) {
    this.descriptor = { name, unit, description: '', valueType: 1 };
    this.boundaries = boundaries;
    this.counts = Array.from({ length: boundaries.length + 1 }, () => 0);
    this.sum = 0;
    this.count = 0;
  }

  record(value) {
    let index = 0;
    while (index < this.boundaries.length && value > this.boundaries[index]) index += 1;
    this.counts[index] += 1;
    this.sum += value;
    this.count += 1;
  }

  metric(attributes, times) {
    const { descriptor, boundaries, counts, sum, count } = this;
    const value = { buckets: { boundaries, counts: [...counts] }, sum, count };
    return { descriptor, aggregationTemporality: 1, dataPointType: 0, dataPoints: [{ ...times, attributes, value }] };
  }
}

/** The same points kept here and handed to the reader. */
export class FloorMetricProducer {
  #input = new Counts('gen_ai.client.token.usage', '{token}', TOKENS);
  #output = new Counts('gen_ai.client.token.usage', '{token}', TOKENS);
  #duration = new Counts('gen_ai.client.operation.duration', 's', SECONDS);
  #total = 0n;
  #labels = {};

  record(call) {
    this.#labels = call;
    this.#input.record(call.input);
    this.#output.record(call.output);
    this.#duration.record(call.seconds);
    this.#total += call.cost;
  }

  async collect() {
    const times = { startTime: [0, 0], endTime: [0, 0] };
    const labels = (more) => labelsOf(this.#labels.model ?? '', this.#labels.answered ?? '', more);
    const input = this.#input.metric(labels({ 'gen_ai.token.type': 'input' }), times);
    const output = this.#output.metric(labels({ 'gen_ai.token.type': 'output' }), times);
    const cost = {
      descriptor: { name: 'costel.cost', unit: 'USD', description: '', valueType: 1 },
      aggregationTemporality: 1,
      dataPointType: 3,
      isMonotonic: true,
      dataPoints: [{ ...times, attributes: labels(), value: Number(this.#total) / 1e12 }],
    };
    const metrics = [
      { ...input, dataPoints: [...input.dataPoints, ...output.dataPoints] },
      this.#duration.metric(labels(), times),
      cost,
    ];
    const resource = { attributes: {}, merge: (other) => other, getRawAttributes: () => [] };
    return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: NAME }, metrics }] }, errors: [] };
  }
}

/** Ends the span with what the answer said. */
function finish(call, answer) {
  const { usage } = answer;
  const cached = usage.prompt_tokens_details.cached_tokens;
  const cost =
    BigInt(usage.prompt_tokens - cached) * INPUT_PRICE +
    BigInt(cached) * CACHED_PRICE +
    BigInt(usage.completion_tokens) * OUTPUT_PRICE;
  call.span.setAttributes({
    'gen_ai.response.model': answer.model,
    'gen_ai.response.id': answer.id,
    'gen_ai.response.finish_reasons': [answer.finishReason],
    'gen_ai.usage.input_tokens': usage.prompt_tokens,
    'gen_ai.usage.output_tokens': usage.completion_tokens,
    'gen_ai.usage.cache_read.input_tokens': cached,
    'costel.cost.status': 'priced',
    'costel.cost.usd': `0.${cost.toString().padStart(12, '0')}`,
    'gen_ai.usage.cost.amount': Number(cost) / 1e12,
    'gen_ai.usage.cost.currency': 'USD',
  });
  call.record({
    model: call.model,
    answered: answer.model,
    input: usage.prompt_tokens,
    output: usage.completion_tokens,
    seconds: (performance.now() - call.startedAt) / 1000,
    cost,
  });
  call.span.end();
}

/** Hands the stream's own promises out and looks at what they bring by a reaction beside. */
function observeStream(stream, call) {
  const iterate = stream.iterator;
  const iterateAndTell = function () {
    const iterator = iterate.call(this);
    const answer = { usage: undefined, model: '', id: '', finishReason: '' };
    const look = ({ done, value }) => {
      if (done) {
        finish(call, answer);
        return;
      }
      answer.id = value.id;
      answer.model = value.model;
      answer.finishReason = value.choices[0]?.finish_reason ?? answer.finishReason;
      if (value.usage !== null) answer.usage = value.usage;
    };
    return {
      next() {
        const step = iterator.next();
        step.then(look, (error) => fail(call, error));
        return step;
      },
      return: (value) => iterator.return(value),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  };
  stream.iterator = iterateAndTell;
}

function fail(call, error) {
  call.span.setStatus({ code: 2 });
  call.span.end();
  throw error;
}

function onParsed(data, call) {
  if (typeof data.iterator === 'function') observeStream(data, call);
  else
    finish(call, {
      usage: data.usage,
      model: data.model,
      id: data.id,
      finishReason: data.choices[0].finish_reason,
    });
}

/** @param {object} promise the SDK's, which parses when it is awaited */
function observe(promise, call) {
  promise.responsePromise = promise.responsePromise.then(
    (props) => props,
    (error) => fail(call, error),
  );
  const parse = promise.parseResponse;
  // Named first: V8 makes a function that is written where a property is assigned in the old generation.
  const parseAndTell = function (client, props) {
    const parsed = parse.call(this, client, props);
    parsed.then(
      (data) => onParsed(data, call),
      () => undefined,
    );
    return parsed;
  };
  promise.parseResponse = parseAndTell;
}

/**
 * @param {{ api: object, instrumentation: object }} packages `@opentelemetry/api` and `@opentelemetry/instrumentation`
 * @param {FloorMetricProducer} [metricProducer] keeps the points in the meter's place
 */
export function floorInstrumentation({ api, instrumentation }, metricProducer) {
  const { context, trace } = api;
  class FloorInstrumentation extends instrumentation.InstrumentationBase {
    constructor() {
      super(NAME, '0.0.0', {});
    }

    init() {
      const patch = (exports) => {
        this._wrap(exports.OpenAI.Chat.Completions.prototype, 'create', (original) => this.patched(original));
        return exports;
      };
      return [new instrumentation.InstrumentationNodeModuleDefinition('openai', ['*'], patch)];
    }

    _updateMetricInstruments() {
      const points = metricProducer === undefined ? meterPoints(this.meter) : undefined;
      this.record = points ?? ((call) => metricProducer.record(call));
    }

    patched(original) {
      const self = this;
      let client;
      let host;
      return function create(body, options) {
        const startedAt = performance.now();
        if (this._client !== client) {
          client = this._client;
          host = new URL(client.baseURL).hostname;
        }
        const attributes = {
          'gen_ai.provider.name': 'openai',
          'gen_ai.operation.name': 'chat',
          'gen_ai.request.model': body.model,
          'server.address': host,
          'server.port': 443,
        };
        const active = context.active();
        const span = self.tracer.startSpan(`chat ${body.model}`, { kind: CLIENT, attributes }, active);
        const promise = context.with(trace.setSpan(active, span), () => original.call(this, body, options));
        observe(promise, { span, startedAt, model: body.model, record: self.record });
        return promise;
      };
    }
  }
  return new FloorInstrumentation();
}
