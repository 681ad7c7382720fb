import { readItems } from '@costel/pricing';
import { context, type Context } from '@opentelemetry/api';
import { activeAttribution, withoutAttributionBaggage } from '../attribution/with-cost-attribution.js';
import { openOwnCall, type Interception } from '../calls/intercept.js';
import { isAsyncIterable } from '../calls/observe-iterable.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import { guarded } from '../telemetry/trouble.js';
import { hearAnswer } from './hear-answer.js';
import type { ReadJob } from './job-definition.js';
import { countJob } from './known-jobs.js';
import { serverOf } from './observe-job.js';
import { traceOfJob } from './trace-of-job.js';

/*
 * A batch of Anthropic's states no usage; each line of its results is a message with its own. A line is a call when it is
 * first read, in a trace that follows from batch and request: however often, and in however many processes, the results
 * are read, the ledger counts it once.
 */

interface BatchTimes {
  readonly createdAtMs: number;
  readonly endedAtMs: number;
}

/** Batches that were looked at lately; `results` itself looks first. */
const MAX_KNOWN_BATCHES = 1000;
const timesOfBatch = new Map<string, BatchTimes>();

/** Remembers when a batch ran: its results do not say. A batch itself is nothing that is billed. */
export const rememberBatch: ReadJob = (answer) => {
  const batch = asRecord(answer);
  const createdAtMs = Date.parse(asText(batch?.['created_at']) ?? '');
  const endedAtMs = Date.parse(asText(batch?.['ended_at']) ?? '');
  if (Number.isNaN(createdAtMs) || Number.isNaN(endedAtMs)) return undefined;
  if (timesOfBatch.size >= MAX_KNOWN_BATCHES) timesOfBatch.clear();
  timesOfBatch.set(asText(batch?.['id']) ?? '', { createdAtMs, endedAtMs });
  return undefined;
};

interface Reading {
  readonly batchId: string;
  readonly self: unknown;
  readonly readIn: Context;
  readonly interception: Interception;
}

/** `results` with a listener: its lines are listened to as the application reads them. */
export function observeBatchResults(original: AnyFunction, interception: Interception): AnyFunction {
  return function (...args) {
    const result = Reflect.apply(original, this, args);
    if (!interception.recorder.isEnabled) return result;
    const reading: Reading = { batchId: asText(args[0]) ?? '', self: this, readIn: context.active(), interception };
    return hearAnswer(result, (lines) => {
      if (isAsyncIterable(lines))
        listenToLines(lines, (line) => {
          onLine(line, reading);
        });
    });
  };
}

/** The lines come from the generator that the decoder makes when it is read, once. */
function listenToLines(lines: AsyncIterable<unknown>, onRead: (line: unknown) => void): void {
  const make = lines[Symbol.asyncIterator];
  Object.defineProperty(lines, Symbol.asyncIterator, {
    value: () => {
      const source = Reflect.apply(make, lines, []);
      const next = source.next.bind(source);
      Object.defineProperty(source, 'next', {
        value: (...args: []) => {
          const step = next(...args);
          step.then(
            ({ done, value }) => (done === true ? undefined : guarded('job', () => onRead(value))),
            () => undefined,
          );
          return step;
        },
        writable: true,
        configurable: true,
        enumerable: false,
      });
      return source;
    },
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

/** Of a request that failed, expired or was cancelled nothing is billed. */
function onLine(line: unknown, { batchId, self, readIn, interception }: Reading): void {
  const [answer] = readItems('messages.batches', [line]) ?? [];
  if (answer === undefined) return;
  const id = `${batchId}/${asText(asRecord(line)?.['custom_id']) ?? answer.responseId ?? ''}`;
  if (!countJob(id)) return;
  const { recorder, method } = interception;
  const server = serverOf(self, interception);
  const times = timesOfBatch.get(batchId);
  const call = openOwnCall(
    {
      recorder,
      method: { ...method, readAnswer: () => answer },
      facts: { model: answer.responseModel ?? '', stream: false },
      server,
      attribution: activeAttribution(readIn, recorder.options.readBaggage),
      body: {},
      hidesUsageChunk: false,
      startedAtMs: times?.createdAtMs ?? Date.now(),
    },
    traceOfJob(withoutAttributionBaggage(readIn), server.provider, id),
  );
  call.onJobDone(asRecord(asRecord(line)?.['result'])?.['message'], times?.endedAtMs ?? Date.now());
}
