import * as fc from 'fast-check';
import { CORPUS, type CorpusCase } from '../../../packages/receiver/test/support/corpus.js';
import {
  attribute,
  type Json,
  logsRequest,
  metricsRequest,
  NOON_NS,
  span,
  spanId,
  TRACE_ID,
  tracesRequest,
} from '../../../packages/receiver/test/support/otlp.js';

/*
 * Requests of any shape, from a fixed seed: what the corpus by hand does not think of. A key is said once, for a map of
 * the collector and a map of ours may order two of the same name in their own ways only where nobody can tell.
 */

const SEED = 20_261_122;
const CASES_A_SIGNAL = 2;

const text = fc.string({ unit: 'binary', maxLength: 40 });
const key = fc.oneof(fc.constantFrom('gen_ai.request.model', 'user.id', 'a', 'A', 'é', '\u{1f600}'), text);
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const bytes = fc.uint8Array({ maxLength: 20 }).map((content) => Buffer.from(content).toString('base64'));
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    text.map((stringValue) => ({ stringValue })),
    long.map((intValue) => ({ intValue })),
    finite.map((doubleValue) => ({ doubleValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    bytes.map((bytesValue) => ({ bytesValue })),
    fc.constant({}),
    fc.array(tie('value'), { maxLength: 4 }).map((values) => ({ arrayValue: { values } })),
    fc
      .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 4, selector: ([name]) => name })
      .map((entries) => ({ kvlistValue: { values: entries.map(([name, one]) => attribute(name, one)) } })),
  ),
})).value;

const attributes = fc
  .uniqueArray(fc.tuple(key, value), { maxLength: 5, selector: ([name]) => name })
  .map((entries) => entries.map(([name, one]) => attribute(name, one)));

/** Within what every column of a time holds. */
const time = fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }).map(String);
/** Recent: a day in the future of the machine is no test of the rows. */
const recent = fc.bigInt({ min: 0n, max: 3_600_000_000_000n }).map((offset) => String(NOON_NS - offset));

const spans = fc.array(
  fc.record({
    index: fc.nat(1000),
    overrides: fc.record(
      {
        name: text,
        traceState: text,
        kind: fc.nat(5),
        startTimeUnixNano: recent,
        endTimeUnixNano: recent,
        attributes,
        status: fc.record({ code: fc.nat(2), message: text }),
        events: fc.array(fc.record({ timeUnixNano: time, name: text, attributes }), { maxLength: 3 }),
        links: fc.array(
          fc.record({ traceId: fc.constant(TRACE_ID), spanId: fc.constant(spanId(7)), traceState: text, attributes }),
          { maxLength: 3 },
        ),
      },
      { requiredKeys: [] },
    ),
  }),
  { minLength: 5, maxLength: 12 },
);

const exemplars = fc.array(fc.record({ filteredAttributes: attributes, timeUnixNano: recent, asDouble: finite }), {
  maxLength: 2,
});
const point = { attributes, startTimeUnixNano: recent, timeUnixNano: recent, flags: fc.nat(1), exemplars };
const buckets = fc.record({
  offset: fc.integer({ min: -1000, max: 1000 }),
  bucketCounts: fc.array(unsigned, { maxLength: 5 }),
});
const numbers = fc.array(fc.oneof(fc.record({ ...point, asInt: long }), fc.record({ ...point, asDouble: finite })), {
  maxLength: 3,
});
const histograms = fc.array(
  fc.record({
    ...point,
    count: unsigned,
    sum: finite,
    bucketCounts: fc.array(unsigned, { maxLength: 5 }),
    explicitBounds: fc.array(finite, { maxLength: 4 }),
    min: finite,
    max: finite,
  }),
  { maxLength: 3 },
);
const exponentials = fc.array(
  fc.record({
    ...point,
    count: unsigned,
    sum: finite,
    scale: fc.integer({ min: -10, max: 20 }),
    zeroCount: unsigned,
    positive: buckets,
    negative: buckets,
  }),
  { maxLength: 3 },
);
const summaries = fc.array(
  fc.record({
    attributes,
    timeUnixNano: recent,
    count: unsigned,
    sum: finite,
    quantileValues: fc.array(fc.record({ quantile: finite, value: finite }), { maxLength: 3 }),
  }),
  { maxLength: 3 },
);
const temporality = fc.nat(2);
const metrics = fc.array(
  fc
    .tuple(
      fc.record({ name: text, description: text, unit: text }),
      fc.oneof(
        numbers.map((dataPoints) => ({ gauge: { dataPoints } })),
        fc
          .record({ dataPoints: numbers, aggregationTemporality: temporality, isMonotonic: fc.boolean() })
          .map((sum) => ({ sum })),
        fc.record({ dataPoints: histograms, aggregationTemporality: temporality }).map((histogram) => ({ histogram })),
        fc
          .record({ dataPoints: exponentials, aggregationTemporality: temporality })
          .map((exponentialHistogram) => ({ exponentialHistogram })),
        summaries.map((dataPoints) => ({ summary: { dataPoints } })),
      ),
    )
    .map(([head, data]) => ({ ...head, ...data })),
  { minLength: 4, maxLength: 10 },
);

const logRecords = fc.array(
  fc.record(
    {
      timeUnixNano: recent,
      observedTimeUnixNano: recent,
      severityNumber: fc.nat(24),
      severityText: text,
      body: value,
      attributes,
      flags: fc.nat(255),
      eventName: text,
    },
    { requiredKeys: ['observedTimeUnixNano'] },
  ),
  { minLength: 5, maxLength: 12 },
);

function sample<Value>(arbitrary: fc.Arbitrary<Value>, toRequest: (one: Value) => Json, signal: CorpusCase['signal']) {
  return fc
    .sample(arbitrary, { seed: SEED, numRuns: CASES_A_SIGNAL })
    .map((one, index): CorpusCase => ({ name: `made ${signal} ${index}`, signal, request: toRequest(one) }));
}

/** The corpus of the receiver's own tests, and as many requests again that nobody wrote. */
export const OTLP_CORPUS: readonly CorpusCase[] = [
  ...CORPUS,
  ...sample(spans, (made) => tracesRequest(made.map(({ index, overrides }) => span(index, overrides))), 'traces'),
  ...sample(metrics, (made) => metricsRequest(made), 'metrics'),
  ...sample(logRecords, (made) => logsRequest(made), 'logs'),
];
