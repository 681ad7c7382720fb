import { context, type Context } from '@opentelemetry/api';
import { activeAttribution, withoutAttributionBaggage } from '../attribution/with-cost-attribution.js';
import { openOwnCall, type Interception } from '../calls/intercept.js';
import type { LlmCall } from '../calls/llm-call.js';
import { observeStream } from '../calls/observe-stream.js';
import { isSdkStream, type AnyFunction } from '../calls/sdk-shapes.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import { serverOfClient, serverOfHint, type Server } from '../sdks/server-of-client.js';
import { hearAnswer } from './hear-answer.js';
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
    if (!interception.recorder.isEnabled) return result;
    const look: Look = { args, self: this, lookedIn: context.active(), interception };
    return hearAnswer(result, (answer) => {
      onJobAnswer(answer, look);
    });
  };
}

/** A look at a job. */
export interface Look {
  readonly args: readonly unknown[];
  /** The SDK's object that was asked. */
  readonly self: unknown;
  /** Where the application was when it looked; the answer is read later, perhaps elsewhere. */
  readonly lookedIn: Context;
  readonly interception: Interception;
}

/** Takes what looking at a job answered: a call, where it is the first to say that the job has ended. */
export function onJobAnswer(answer: unknown, look: Look): void {
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
function ownCallOfStream({ self, lookedIn, interception }: Look): LlmCall | undefined {
  const { recorder, method } = interception;
  if (method.createReader === undefined) return undefined;
  return openOwnCall(
    {
      recorder,
      method,
      facts: { model: '', stream: true },
      server: serverOf(self, interception),
      attribution: activeAttribution(lookedIn, recorder.options.readBaggage),
      body: {},
      hidesUsageChunk: false,
    },
    withoutAttributionBaggage(lookedIn),
  );
}

/** Reports a job that another process asked for, or no process of ours. */
function reportJob(job: JobState, answer: unknown, { self, lookedIn, interception }: Look): void {
  const { recorder, method } = interception;
  const server = serverOf(self, interception);
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

/** Where an SDK's object sends its requests. */
export function serverOf(self: unknown, { recorder, sdk }: Interception): Server {
  const { providerByHost } = recorder.options;
  return sdk.readServer === undefined
    ? serverOfClient(asRecord(self)?.['_client'], sdk, providerByHost)
    : serverOfHint(sdk.readServer(self, []), sdk, providerByHost);
}
