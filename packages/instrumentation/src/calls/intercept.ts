import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_USER_ID,
  ATTR_GEN_AI_CONVERSATION_ID,
  CONVENTIONS,
} from '@costel/semconv';
import { context, SpanKind, trace, type Attributes, type Context, type Span } from '@opentelemetry/api';
import { attributionOfRequest } from '../attribution/request-attribution.js';
import { activeAttribution, withoutAttributionBaggage } from '../attribution/with-cost-attribution.js';
import { admitCall, type AdmittedCall } from '../guard/admit-call.js';
import type { BudgetExceededError } from '../guard/budget-exceeded-error.js';
import { refuse } from '../guard/refuse.js';
import { asRecord } from '../sdks/read-unknown.js';
import {
  operationOf,
  type MethodDefinition,
  type ReplacedSelf,
  type RequestFacts,
  type SdkDefinition,
} from '../sdks/sdk-definition.js';
import { serverOfClient, serverOfHint, type Server } from '../sdks/server-of-client.js';
import { withFallbackTag } from '../telemetry/fallback.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded, reportTrouble } from '../telemetry/trouble.js';
import { askingForUsage } from './include-usage.js';
import { enterFrameworkCall, frameworkCallOf } from './inner-calls.js';
import { markAsCall } from './inside-call.js';
import { LlmCall, type CallStart } from './llm-call.js';
import { catchingSpan, isTracingItself, NativeSpan, spanInOptions } from './native-span.js';
import { listenToPromise, settle } from './listen.js';
import { isAsyncIterable } from './observe-iterable.js';
import { observePromise } from './observe-promise.js';
import { observeStream } from './observe-stream.js';
import { openCall } from './open-calls.js';
import { isApiPromise, isSdkStream, type AnyFunction } from './sdk-shapes.js';

/** What a patched method needs to know. */
export interface Interception {
  readonly recorder: Recorder;
  readonly sdk: SdkDefinition;
  readonly method: MethodDefinition;
}

interface PreparedCall {
  readonly call: LlmCall;
  readonly client: unknown;
  readonly args: readonly unknown[];
  readonly context: Context;
  readonly openSpan: (parent: Context) => Span;
  /** True when the SDK is about to report on a span of its own. */
  readonly yieldsToNativeSpan: boolean;
  /** A budget guard refused the call: it fails with this in place of being made. */
  readonly refusal: BudgetExceededError | undefined;
  /** What makes the call in the place of what it was made on; see `replaceSelf`. */
  readonly replaced: ReplacedSelf | undefined;
  nativeSpan: Span | undefined;
}

/** The SDK's method with a listener. */
export function intercept(original: AnyFunction, interception: Interception): AnyFunction {
  return function (...args) {
    return callThrough(original, this, args, interception);
  };
}

/**
 * Calls an SDK's function and listens. Whatever fails in the listener, the original runs exactly once with the caller's
 * own `this` and arguments (unless usage was asked for on the caller's behalf), and what it returns is returned, or what
 * the method's own way of listening makes of it.
 */
export function callThrough(
  original: AnyFunction,
  self: unknown,
  args: readonly unknown[],
  interception: Interception,
): unknown {
  const { recorder, method } = interception;
  if (!recorder.isEnabled) return Reflect.apply(original, self, args);
  const prepared = guarded('start', () => prepare(self, args, interception));
  if (prepared === undefined) return Reflect.apply(original, self, args);
  const { refusal, replaced } = prepared;
  const called = replaced?.original ?? original;
  const made = refusal === undefined ? called : refusing(called, method, refusal);
  const result = runOriginal(made, replaced?.self ?? self, prepared);
  const listened = guarded('promise', () => observe(result, prepared, method));
  return listened ?? result;
}

/** What takes the original's place where a guard refused the call. */
function refusing(original: AnyFunction, method: MethodDefinition, error: BudgetExceededError): AnyFunction {
  return function (...args) {
    return refuse({ original, self: this, args, method, error });
  };
}

/** The call as it is made once the guard of this process has spoken. */
interface Admitted {
  readonly admitted: AdmittedCall;
  readonly body: Readonly<Record<string, unknown>>;
  readonly args: readonly unknown[];
  readonly replaced: ReplacedSelf | undefined;
  readonly facts: RequestFacts;
  readonly server: Server;
  readonly attribution: Readonly<Record<string, string>>;
}

function serverOf(resource: unknown, args: readonly unknown[], { recorder, sdk }: Interception): Server {
  const { providerByHost } = recorder.options;
  return sdk.readServer === undefined
    ? serverOfClient(asRecord(resource)?.['_client'], sdk, providerByHost)
    : serverOfHint(sdk.readServer(resource, args), sdk, providerByHost);
}

function admit(self: unknown, args: readonly unknown[], active: Context, interception: Interception): Admitted {
  const { recorder, sdk, method } = interception;
  const { options } = recorder;
  const given = asRecord(method.readBody === undefined ? args[0] : method.readBody(args, self)) ?? {};
  const givenFacts = sdk.readRequest(given, method);
  const asked = serverOf(self, args, interception);
  const labels = attributionOfRequest(given, options.metadataTags);
  const said = attributionOf(activeAttribution(active, options.readBaggage), givenFacts, labels);
  if (method.isFree !== true) frameworkCallOf(active)?.onInnerCall();
  const { provider } = asked;
  const admitted = admitCall({ method, self, args, body: given, facts: givenFacts, provider, attribution: said });
  const { marks, instead } = admitted;
  const attribution = withFallbackTag(marks === undefined ? said : { ...said, ...marks }, provider);
  if (instead === undefined)
    return { admitted, body: given, args, replaced: undefined, facts: givenFacts, server: asked, attribution };
  const { body, args: made, replaced } = instead;
  const facts = sdk.readRequest(body, method);
  const server = replaced === undefined ? asked : serverOf(replaced.self, args, interception);
  return { admitted, body, args: made, replaced, facts, server, attribution };
}

function prepare(resource: unknown, args: readonly unknown[], interception: Interception): PreparedCall {
  const { recorder, sdk, method } = interception;
  const { options } = recorder;
  const active = context.active();
  const client = asRecord(resource)?.['_client'];
  const {
    admitted,
    body,
    args: made,
    replaced,
    facts,
    server,
    attribution,
  } = admit(resource, args, active, interception);
  const asking = options.includeUsage && method.canIncludeUsage === true ? askingForUsage(body) : undefined;
  const start: CallStart = {
    recorder,
    method,
    facts,
    server,
    attribution,
    body,
    hidesUsageChunk: asking !== undefined,
    reservation: admitted.reservation,
  };
  const call = new LlmCall(start);
  const openSpan = (parent: Context) =>
    recorder.tracer.startSpan(spanName(start), { kind: SpanKind.CLIENT, attributes: startAttributes(start) }, parent);
  const nativeSpan = sdk.mayEmitNativeSpans === true ? spanInOptions(args[1]) : undefined;
  const isOpeningNativeSpan =
    admitted.refusal === undefined && sdk.mayEmitNativeSpans === true && isTracingItself(client);
  const yieldsToNativeSpan = nativeSpan !== undefined || isOpeningNativeSpan;
  let inside = withoutAttributionBaggage(active);
  if (!yieldsToNativeSpan) {
    const span = openSpan(inside);
    markAsCall(span);
    call.useOwnSpan(span);
    inside = trace.setSpan(inside, span);
  }
  if (method.isFramework === true) inside = enterFrameworkCall(inside, call);
  openCall(call);
  return {
    call,
    client,
    args: asking === undefined ? made : [asking, ...made.slice(1)],
    refusal: admitted.refusal,
    replaced,
    context: inside,
    openSpan,
    yieldsToNativeSpan,
    nativeSpan,
  };
}

/**
 * Opens a call that no method of an SDK makes of its own: an answer inside a session, a job that was found done.
 * @param parent The context whose span is the call's parent; @param start.startedAtMs when the call began, else now.
 */
export function openOwnCall(start: CallStart, parent: Context): LlmCall {
  const call = new LlmCall(start);
  const { startedAtMs } = start;
  const span = start.recorder.tracer.startSpan(
    spanName(start),
    {
      kind: SpanKind.CLIENT,
      attributes: startAttributes(start),
      ...(startedAtMs === undefined ? {} : { startTime: startedAtMs }),
    },
    parent,
  );
  markAsCall(span);
  call.useOwnSpan(span);
  openCall(call);
  return call;
}

function runOriginal(original: AnyFunction, resource: unknown, prepared: PreparedCall): unknown {
  let hasRun = false;
  const run = () => {
    hasRun = true;
    return Reflect.apply(original, resource, prepared.args);
  };
  const runAndCatch = () =>
    prepared.yieldsToNativeSpan && prepared.nativeSpan === undefined
      ? catchingSpan(
          prepared.client,
          (span) => {
            prepared.nativeSpan ??= span;
          },
          run,
        )
      : run();
  try {
    return context.with(prepared.context, runAndCatch);
  } catch (error) {
    if (!hasRun) {
      reportTrouble('context', error);
      return run();
    }
    guarded('start', () => {
      reportOnSpan(prepared);
      prepared.call.onError(error);
    });
    throw error;
  }
}

function observe(result: unknown, prepared: PreparedCall, { listen }: MethodDefinition): unknown {
  const { call } = prepared;
  guarded('native_span', () => {
    reportOnSpan(prepared);
  });
  if (listen !== undefined) return listen(result, call);
  if (isApiPromise(result)) observePromise(result, call);
  else if (isAsyncIterable(result)) settle(result, call);
  else {
    call.isHeardLate = true;
    return listenToReplaced(result, call);
  }
  return result;
}

/** Another instrumentation inside ours made an ordinary promise of the SDK's, or an ordinary generator of its stream. */
const listenToReplaced = listenToPromise({
  onValue: (value, call) => {
    if (!isSdkStream(value)) {
      settle(value, call);
      return;
    }
    call.onStream();
    observeStream(value, call);
  },
});

/** Takes the SDK's span where there is one, and makes up for ours where the SDK turned out to record none. */
function reportOnSpan({ call, yieldsToNativeSpan, nativeSpan, openSpan, context: parent }: PreparedCall): void {
  if (!yieldsToNativeSpan) return;
  if (nativeSpan?.isRecording() === true) {
    markAsCall(nativeSpan);
    call.useNativeSpan(new NativeSpan(nativeSpan, () => call.onNativeEnd()));
  } else {
    call.useOwnSpan(openSpan(parent));
  }
}

/** What the SDK call itself names counts where nobody said it outside. */
export function attributionOf(
  active: Readonly<Record<string, string>>,
  facts: RequestFacts,
  labels?: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { user, conversation } = facts;
  if (user === undefined && conversation === undefined && labels === undefined) return active;
  return {
    ...labels,
    ...(user === undefined ? {} : { [ATTR_USER_ID]: user }),
    ...(conversation === undefined ? {} : { [ATTR_GEN_AI_CONVERSATION_ID]: conversation }),
    ...active,
  };
}

function spanName(start: CallStart): string {
  const operation = operationOf(start);
  const { model } = start.facts;
  return model === '' ? operation : `${operation} ${model}`;
}

/** The attributes that samplers may decide on; the rest follows in one go at the end. */
function startAttributes(start: CallStart): Attributes {
  const { recorder, method, facts, server, attribution } = start;
  const attributes: Attributes = { [CONVENTIONS[recorder.options.conventions].providerName]: server.provider };
  // Whether a framework's call is a call is known at its end.
  if (method.isFramework !== true) attributes[ATTR_GEN_AI_OPERATION_NAME] = operationOf(start);
  if (server.address !== '') {
    attributes[ATTR_SERVER_ADDRESS] = server.address;
    attributes[ATTR_SERVER_PORT] = server.port;
  }
  if (facts.model !== '') attributes[ATTR_GEN_AI_REQUEST_MODEL] = facts.model;
  if (facts.stream) attributes[ATTR_GEN_AI_REQUEST_STREAM] = true;
  for (const name in attribution) attributes[name] = attribution[name];
  return attributes;
}
