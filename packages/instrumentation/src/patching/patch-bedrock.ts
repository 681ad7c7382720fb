import { context } from '@opentelemetry/api';
import { callThrough, type Interception } from '../calls/intercept.js';
import { listenInside } from '../calls/listen.js';
import type { LlmCall } from '../calls/llm-call.js';
import { isAsyncIterable, observeIterable } from '../calls/observe-iterable.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { onJobAnswer } from '../jobs/observe-job.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { MethodDefinition, SdkDefinition, SdkPatcher, ServerHint } from '../sdks/sdk-definition.js';
import { serverOfHint } from '../sdks/server-of-client.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded } from '../telemetry/trouble.js';
import { follow, isObjectLike } from './reach-resource.js';
import { replaceMethod, restoreMethod } from './replace-method.js';

/*
 * The AWS SDK sends commands: `client.send(command)` asks the command for a handler, calls it, and hands out the output of
 * what it resolves to. That handler is the place to listen: it spans retries and knows the HTTP response, and its promise
 * is the SDK's own, so that listening beside it leaves the caller's promise (or callback) as it is. One client alone is
 * listened to by a middleware, which is the same function one step further in.
 */

type Handler = (args: unknown) => unknown;

/** The parts of a middleware stack that are used. */
interface MiddlewareStack {
  clone(): MiddlewareStack;
  add(middleware: unknown, options: Readonly<Record<string, unknown>>): void;
}

/** Where a client was seen to send its requests; the SDK itself resolves that anew for each call. */
const seenServers = new WeakMap<object, ServerHint>();

/** The calls of a command's input while they run: an application may send the same one several times at once. */
const callsOfInput = new WeakMap<object, Set<LlmCall>>();

/** Inputs that are listened to: where a command's class and a client are patched, the first to see it tells. */
const busyInputs = new WeakSet<object>();

function isStack(value: unknown): value is MiddlewareStack {
  const stack = asRecord(value);
  return typeof stack?.['clone'] === 'function' && typeof stack['add'] === 'function';
}

/** Reads where a signed request goes, one step before it leaves. */
function serverMiddleware(config: unknown, sdk: SdkDefinition, recorder: Recorder): unknown {
  return (next: Handler, handlerContext: unknown) => (args: unknown) => {
    guarded('context', () => {
      const { input, request } = asRecord(args) ?? {};
      const calls = isObjectLike(input) ? callsOfInput.get(input) : undefined;
      if (calls === undefined) return;
      const hint = hintOf(config, request, handlerContext);
      if (isObjectLike(config)) seenServers.set(config, hint);
      const server = serverOfHint(hint, sdk, recorder.options.providerByHost);
      for (const call of calls) call.useServer(server);
    });
    return next(args);
  };
}

function hintOf(config: unknown, request: unknown, handlerContext: unknown): ServerHint {
  const { protocol, hostname, port } = asRecord(request) ?? {};
  const host = asText(hostname);
  const suffix = typeof port === 'number' ? `:${port}` : '';
  const scheme = follow(handlerContext, ['__smithy_context', 'selectedHttpAuthScheme', 'httpAuthOption']);
  const signed = asText(follow(scheme, ['signingProperties', 'region']));
  return {
    client: config,
    baseUrl: host === undefined ? undefined : `${asText(protocol) ?? 'https:'}//${host}${suffix}`,
    region: signed ?? /(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\./.exec(host ?? '')?.[1],
  };
}

/** Takes what a handler resolves to. */
function settleHandler(value: unknown, call: LlmCall): void {
  const { output, response } = asRecord(value) ?? {};
  const headers = asRecord(asRecord(response)?.['headers']);
  if (headers !== undefined) call.onResponse({ headers: { get: (name) => asText(headers[name]) } });
  const stream = asRecord(output)?.['stream'] ?? asRecord(output)?.['body'];
  if (isAsyncIterable(stream)) {
    call.onStream();
    observeIterable(stream, call);
  } else call.onBody({ output, headers });
}

const listenToHandler = listenInside({ onValue: settleHandler });

/** A command with another input, as a budget guard may ask for. */
function withInput(command: unknown, input: unknown): unknown {
  if (typeof command !== 'object' || command === null) return command;
  return Object.assign(Object.create(Object.getPrototypeOf(command) as object) as object, command, { input });
}

/** The handler of a command with a listener. */
function observed(
  handler: Handler,
  config: unknown,
  method: MethodDefinition,
  sdk: SdkDefinition,
  recorder: Recorder,
): Handler {
  const readServer = (): ServerHint =>
    seenServers.get(asRecord(config) ?? {}) ?? { client: config, baseUrl: undefined };
  if (method.looksAtJob === true) return looking(handler, config, { recorder, sdk: { ...sdk, readServer }, method });
  return (args) => {
    const given = asRecord(args)?.['input'];
    let sent = given;
    if (isObjectLike(sent)) busyInputs.add(sent);
    return callThrough(handler, config, [args], {
      recorder,
      sdk: { ...sdk, readServer },
      method: {
        ...method,
        readBody: () => given,
        replaceBody: ([command], body) => {
          sent = body;
          busyInputs.add(body);
          return [withInput(command, body)];
        },
        listen: (result, call) => {
          if (isObjectLike(sent)) follows(result, sent, call);
          return listenToHandler(result, call);
        },
      },
    });
  };
}

/** The handler of a command that looks at a job. */
function looking(handler: Handler, config: unknown, interception: Interception): Handler {
  return (args) => {
    const result = handler(args);
    const look = { args: [], self: config, lookedIn: context.active(), interception };
    if (result instanceof Promise)
      result.then(
        (value: unknown) =>
          guarded('job', () => {
            onJobAnswer(asRecord(value)?.['output'], look);
          }),
        () => undefined,
      );
    return result;
  };
}

/** Lets an input lead to its call until that is answered. */
function follows(result: unknown, input: object, call: LlmCall): void {
  const calls = callsOfInput.get(input) ?? new Set();
  callsOfInput.set(input, calls.add(call));
  const forget = (): void => {
    calls.delete(call);
    if (calls.size === 0) busyInputs.delete(input);
  };
  if (result instanceof Promise) result.then(forget, forget);
  else forget();
}

const SERVER_STEP = { step: 'finalizeRequest', priority: 'low', name: 'costelServer', override: true };

/** Asks a command for its handler with one more middleware in a copy of the client's stack, and listens to that handler. */
function observedResolve(
  resolve: AnyFunction,
  method: MethodDefinition,
  sdk: SdkDefinition,
  recorder: Recorder,
): AnyFunction {
  return function (stack, config, ...rest) {
    if (!recorder.isEnabled) return Reflect.apply(resolve, this, [stack, config, ...rest]);
    const copy = guarded('patch', () => {
      if (!isStack(stack)) return undefined;
      const own = stack.clone();
      own.add(serverMiddleware(config, sdk, recorder), SERVER_STEP);
      return own;
    });
    const handler = Reflect.apply(resolve, this, [copy ?? stack, config, ...rest]);
    return typeof handler === 'function' ? observed(handler as Handler, config, method, sdk, recorder) : handler;
  };
}

const OUTERMOST = { step: 'initialize', priority: 'high', name: 'costel', override: true };

const middlewareClients = new WeakSet<object>();

/** Adds the middleware to one client, once. */
function addMiddleware(client: object, sdk: SdkDefinition, recorder: Recorder): boolean {
  if (middlewareClients.has(client)) return true;
  const { middlewareStack, config } = client as { middlewareStack?: unknown; config?: unknown };
  if (!isStack(middlewareStack)) return false;
  middlewareClients.add(client);
  middlewareStack.add((next: Handler, handlerContext: unknown) => {
    const method = sdk.methods.find((row) => row.method === follow(handlerContext, ['commandName']));
    if (method === undefined) return next;
    const listening = observed(next, config, method, sdk, recorder);
    return (args: unknown) => {
      const input = asRecord(args)?.['input'];
      return isObjectLike(input) && busyInputs.has(input) ? next(args) : listening(args);
    };
  }, OUTERMOST);
  middlewareStack.add(serverMiddleware(config, sdk, recorder), SERVER_STEP);
  return true;
}

/** A client is known by what it can send; without the commands' classes at hand that is all there is. */
function isBedrockClient(client: unknown): client is object {
  const config = asRecord(asRecord(client)?.['config']);
  return typeof asRecord(client)?.['send'] === 'function' && config?.['serviceId'] === 'Bedrock Runtime';
}

/** Patches Bedrock's commands, or where a bundle hands over the client class alone, each client when it first sends. */
export const BEDROCK_PATCHER: SdkPatcher = {
  patchModule(moduleExports, sdk, recorder) {
    const commands = sdk.methods.flatMap((method) => {
      const prototype = follow(moduleExports, [method.method, 'prototype']);
      if (!isObjectLike(prototype)) return [];
      const make = (original: AnyFunction): AnyFunction => observedResolve(original, method, sdk, recorder);
      return replaceMethod(prototype, 'resolveMiddleware', make) ? [method.method] : [];
    });
    return commands.length > 0 ? commands : patchClientClass(moduleExports, sdk, recorder);
  },
  unpatchModule(moduleExports, sdk) {
    for (const { method } of sdk.methods) {
      const prototype = follow(moduleExports, [method, 'prototype']);
      if (isObjectLike(prototype)) restoreMethod(prototype, 'resolveMiddleware');
    }
  },
  patchClient(client, sdk, recorder) {
    if (!isBedrockClient(client) || !addMiddleware(client, sdk, recorder)) return [];
    return sdk.methods.map(({ method }) => method);
  },
};

/** The class is known by its name or, where a bundler changed that, not at all. */
function patchClientClass(moduleExports: unknown, sdk: SdkDefinition, recorder: Recorder): readonly string[] {
  if (typeof moduleExports !== 'function' || !/^_?BedrockRuntime(?:Client)?\d*$/.test(moduleExports.name)) return [];
  const prototype: unknown = moduleExports.prototype;
  if (!isObjectLike(prototype)) return [];
  const isPatched = replaceMethod(
    prototype,
    'send',
    (send) =>
      function (...args) {
        guarded('patch', () => {
          if (isBedrockClient(this)) addMiddleware(this, sdk, recorder);
        });
        return Reflect.apply(send, this, args);
      },
  );
  return isPatched ? sdk.methods.map(({ method }) => method) : [];
}
