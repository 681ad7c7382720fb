import { context, type Context } from '@opentelemetry/api';
import { activeAttribution, withoutAttributionBaggage } from '../attribution/with-cost-attribution.js';
import { openOwnCall, type Interception } from '../calls/intercept.js';
import type { LlmCall } from '../calls/llm-call.js';
import { observeStream } from '../calls/observe-stream.js';
import { isApiPromise, isSdkStream, type AnyFunction, type ApiPromise } from '../calls/sdk-shapes.js';
import { asRecord, asText } from '../sdks/sdk-definition.js';
import { serverOfClient } from '../sdks/server-of-client.js';
import { guarded } from '../telemetry/trouble.js';
import type { JobState } from './job-definition.js';
import { countJob, heldCall } from './known-jobs.js';
import { traceOfJob } from './trace-of-job.js';

/**
 * The SDK's method by which an application looks at a job, with a listener. Looking is no call; the first answer that
 * says that the job has ended is: of the call that asked for the job, where this process made it, else of one of its
 * own, which lasted as long as the job did.
 */
export function observeJob(original: AnyFunction, interception: Interception): AnyFunction {
  return function (...args) {
    const result = Reflect.apply(original, this, args);
    if (interception.recorder.isEnabled)
      guarded('job', () => {
        const look: Look = { args, client: asRecord(this)?.['_client'], lookedIn: context.active(), interception };
        if (isApiPromise(result))
          listenToAnswer(result, (answer) => {
            onAnswer(answer, look);
          });
      });
    return result;
  };
}

interface Look {
  readonly args: readonly unknown[];
  readonly client: unknown;
  /** Where the application was when it looked; the answer is read later, perhaps elsewhere. */
  readonly lookedIn: Context;
  readonly interception: Interception;
}

function onAnswer(answer: unknown, look: Look): void {
  const { args, interception } = look;
  if (isSdkStream(answer)) {
    // The stream of a job, taken up again: its events are the answer of the call that asked for it.
    const id = asText(args[0]) ?? '';
    const call = heldCall(id) ?? ownCallOfStream(look);
    if (call === undefined) return;
    countJob(id);
    call.onStream();
    observeStream(answer, call);
    return;
  }
  const job = interception.method.readJob?.(answer);
  if (job?.hasEnded !== true) return;
  const call = heldCall(job.id);
  if (!countJob(job.id)) return;
  if (call === undefined) reportJob(job, answer, look);
  else call.onJobDone(answer, job.endedAtMs ?? Date.now());
}

/** A call for the stream of a job that was asked for by another stream, which could not wait; of readers that know those. */
function ownCallOfStream({ client, lookedIn, interception }: Look): LlmCall | undefined {
  const { recorder, sdk, method } = interception;
  if (method.createReader === undefined) return undefined;
  return openOwnCall(
    {
      recorder,
      method,
      facts: { model: '', stream: true },
      server: serverOfClient(client, sdk, recorder.options.providerByHost),
      attribution: activeAttribution(lookedIn, recorder.options.readBaggage),
      body: {},
      hidesUsageChunk: false,
    },
    withoutAttributionBaggage(lookedIn),
  );
}

/** Reports a job that another process asked for, or no process of ours. */
function reportJob(job: JobState, answer: unknown, { client, lookedIn, interception }: Look): void {
  const { recorder, sdk, method } = interception;
  const server = serverOfClient(client, sdk, recorder.options.providerByHost);
  const call = openOwnCall(
    {
      recorder,
      method,
      facts: { model: job.model, stream: false, operation: job.operation },
      server,
      attribution: activeAttribution(lookedIn, recorder.options.readBaggage),
      body: {},
      hidesUsageChunk: false,
      startedAtMs: job.createdAtMs,
    },
    traceOfJob(withoutAttributionBaggage(lookedIn), server.provider, job.id),
  );
  call.onJobDone(answer, job.endedAtMs ?? Date.now());
}

/** Listens to the parsed body of an SDK promise, should somebody ask for it; see `observePromise`. */
function listenToAnswer(promise: ApiPromise, onAnswered: (answer: unknown) => void): void {
  const listener = (answer: unknown): void => {
    guarded('job', () => {
      onAnswered(answer);
    });
  };
  const parse = promise.parseResponse;
  promise.parseResponse = function (client, props) {
    const parsed = parse.call(this, client, props);
    if (parsed instanceof Promise) parsed.then(listener, () => undefined);
    else listener(parsed);
    return parsed;
  };
  const unwrap = Object.hasOwn(promise, '_thenUnwrap') ? promise._thenUnwrap : undefined;
  if (unwrap === undefined) return;
  promise._thenUnwrap = function (transform) {
    return unwrap.call(this, (data, props) => {
      listener(data);
      return transform(data, props);
    });
  };
}
