import { ATTR_ERROR_TYPE, ATTR_GEN_AI_OPERATION_NAME, ATTR_GEN_AI_TOOL_NAME } from '@costel/semconv';
import { context, SpanKind, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';
import { activeAttribution } from '../attribution/with-cost-attribution.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { replaceMethod, restoreMethod } from '../patching/replace-method.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { SdkDefinition } from '../sdks/sdk-definition.js';
import { isPlainName } from '../telemetry/error-name.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded, reportTrouble } from '../telemetry/trouble.js';

/*
 * A tool called over MCP is a span and nothing else: it has no tokens and costs nothing by itself. What it calls in turn
 * lies below it where the server is in the same process; `recordCost` is for a tool that costs money.
 */

const TOOLS_CALL = 'tools/call';

/** The kinds of transports by the name of their class: over pipes, or over the network. */
function transportOf(client: Readonly<Record<string, unknown>> | undefined): Attributes {
  const transport = asRecord(client?.['transport']);
  if (transport === undefined) return {};
  const { name } = transport.constructor as { name: string };
  const kind = /stdio/i.test(name) ? 'pipe' : /http|sse|websocket/i.test(name) ? 'tcp' : undefined;
  const session = asText(transport['sessionId']);
  const version = asText(transport['protocolVersion']) ?? asText(transport['_protocolVersion']);
  return {
    ...(kind === undefined ? {} : { 'network.transport': kind }),
    ...(session === undefined ? {} : { 'mcp.session.id': session }),
    ...(version === undefined ? {} : { 'mcp.protocol.version': version }),
  };
}

function openSpan(client: unknown, params: unknown, recorder: Recorder): Span {
  const tool = asText(asRecord(params)?.['name']) ?? '';
  const active = context.active();
  const attributes: Attributes = {
    [ATTR_GEN_AI_OPERATION_NAME]: 'execute_tool',
    [ATTR_GEN_AI_TOOL_NAME]: tool,
    'mcp.method.name': TOOLS_CALL,
    ...transportOf(asRecord(client)),
    ...activeAttribution(active, recorder.options.readBaggage),
  };
  return recorder.tracer.startSpan(`${TOOLS_CALL} ${tool}`, { kind: SpanKind.CLIENT, attributes }, active);
}

function endWithError(span: Span, type: string): void {
  span.setAttribute(ATTR_ERROR_TYPE, type);
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** An error's JSON-RPC code where it has one, else its class; messages may hold content. */
function errorTypeOf(error: unknown): string {
  const code: unknown = asRecord(error)?.['code'];
  if (typeof code === 'number' || isPlainName(code)) return String(code);
  return error instanceof Error ? error.constructor.name : '_OTHER';
}

/** The caller holds a promise derived from the SDK's, so that one nobody awaits still raises its unhandledRejection. */
function listen(result: Promise<unknown>, span: Span): Promise<unknown> {
  return result.then(
    (value) => {
      guarded('finish', () => {
        if (asRecord(value)?.['isError'] === true) endWithError(span, 'tool_error');
        else span.end();
      });
      return value;
    },
    (error: unknown) => {
      guarded('finish', () => {
        endWithError(span, errorTypeOf(error));
      });
      throw error;
    },
  );
}

function observed(original: AnyFunction, recorder: Recorder): AnyFunction {
  return function (...args) {
    const span = recorder.isEnabled ? guarded('start', () => openSpan(this, args[0], recorder)) : undefined;
    if (span === undefined) return Reflect.apply(original, this, args);
    let hasRun = false;
    const run = (): unknown => {
      hasRun = true;
      return Reflect.apply(original, this, args);
    };
    try {
      const result = context.with(trace.setSpan(context.active(), span), run);
      if (result instanceof Promise) return listen(result, span);
      span.end();
      return result;
    } catch (error) {
      if (hasRun) {
        guarded('finish', () => {
          endWithError(span, errorTypeOf(error));
        });
        throw error;
      }
      reportTrouble('context', error);
      return run();
    }
  };
}

function prototypeOf(moduleExports: unknown): object | undefined {
  const prototype: unknown = (asRecord(moduleExports)?.['Client'] as { prototype?: unknown } | undefined)?.prototype;
  return isMcpClient(prototype) ? prototype : undefined;
}

function isMcpClient(value: unknown): value is object {
  const fields = asRecord(value);
  return typeof fields?.['callTool'] === 'function' && typeof fields['listTools'] === 'function';
}

function patchOwner(owner: object | undefined, recorder: Recorder): readonly string[] {
  const isPatched = owner !== undefined && replaceMethod(owner, 'callTool', (original) => observed(original, recorder));
  return isPatched ? ['callTool'] : [];
}

/** The client of the Model Context Protocol's SDK. */
export const MCP: SdkDefinition = {
  moduleName: '@modelcontextprotocol/sdk',
  files: ['dist/cjs/client/index.js', 'dist/esm/client/index.js'],
  requirePaths: ['@modelcontextprotocol/sdk/client', '@modelcontextprotocol/sdk/client/index.js'],
  clientExports: ['Client'],
  tested: { from: [1, 32], below: [2, 0] },
  methods: [],
  patcher: {
    patchModule: (moduleExports, _sdk, recorder) => patchOwner(prototypeOf(moduleExports), recorder),
    unpatchModule: (moduleExports) => {
      const prototype = prototypeOf(moduleExports);
      if (prototype !== undefined) restoreMethod(prototype, 'callTool');
    },
    patchClient: (client, _sdk, recorder) => patchOwner(isMcpClient(client) ? client : undefined, recorder),
  },
  defaultProvider: '',
  providerByClass: {},
  readRequest: () => ({ model: '', stream: false }),
};
