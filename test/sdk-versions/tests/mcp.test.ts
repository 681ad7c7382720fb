import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CostSpanProcessor,
  instrumentModule,
  withCostAttribution,
} from '../../../packages/instrumentation/src/index.js';
import {
  outcome,
  prototypeNames,
  unhandledDuring,
} from '../../../packages/instrumentation/test/conformance/observe.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { forgetPackages, loadSdk } from './load-sdk.js';
import { context, trace } from './otel-api.js';

type Settings = Readonly<Record<string, unknown>>;

interface McpClient {
  connect(transport: unknown): Promise<void>;
  callTool(params: Settings, schema?: unknown, options?: Settings): Promise<Settings>;
  close(): Promise<void>;
}

interface McpServer {
  registerTool(name: string, definition: Settings, run: () => unknown): unknown;
  connect(transport: unknown): Promise<void>;
}

interface Mcp {
  readonly Client: new (info: Settings) => McpClient;
  readonly McpServer: new (info: Settings) => McpServer;
  readonly InMemoryTransport: { createLinkedPair(): readonly [unknown, unknown] };
}

function load(): Mcp {
  forgetPackages(['@modelcontextprotocol/sdk']);
  const { Client } = loadSdk('mcp-1', '@modelcontextprotocol/sdk/client/index.js') as Pick<Mcp, 'Client'>;
  const { McpServer } = loadSdk('mcp-1', '@modelcontextprotocol/sdk/server/mcp.js') as Pick<Mcp, 'McpServer'>;
  const memory = loadSdk('mcp-1', '@modelcontextprotocol/sdk/inMemory.js') as Pick<Mcp, 'InMemoryTransport'>;
  return { Client, McpServer, ...memory };
}

const plain = load();
const telemetry = new Telemetry([new CostSpanProcessor()]);
const patched = instrumentModule(load());

beforeEach(() => telemetry.reset());
afterAll(() => {
  telemetry.stop();
});

/** The span that is active while the tool runs, in the same process. */
let insideTool: string | undefined;

async function connect({ Client, McpServer, InMemoryTransport }: Mcp): Promise<McpClient> {
  const server = new McpServer({ name: 'tools', version: '1' });
  server.registerTool('weather', { description: 'tells the weather' }, () => {
    insideTool = trace.getSpan(context.active())?.spanContext().spanId;
    return { content: [{ type: 'text', text: 'sun' }] };
  });
  server.registerTool('broken', { description: 'fails' }, () => {
    throw new Error('out of order');
  });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'app', version: '1' });
  await Promise.all([server.connect(far), client.connect(near)]);
  return client;
}

const SCENARIOS: Readonly<Record<string, (client: McpClient) => Promise<unknown>>> = {
  'a tool answers': (client) => outcome(() => client.callTool({ name: 'weather' })),
  'a tool fails': (client) => outcome(() => client.callTool({ name: 'broken' })),
  'there is no such tool': (client) => outcome(() => client.callTool({ name: 'nothing' })),
  'a call is aborted': (client) =>
    outcome(() => client.callTool({ name: 'weather' }, undefined, { signal: AbortSignal.abort('enough') })),
  'a failing call that nobody awaits': async (client) => {
    await client.close();
    return unhandledDuring(() => {
      void client.callTool({ name: 'weather' });
    });
  },
  'what is returned': async (client) => {
    const promise = client.callTool({ name: 'weather' });
    await promise;
    return prototypeNames(promise);
  },
  'the method looks as it did': async (client) => {
    const { value, ...descriptor } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(client), 'callTool') ?? {};
    const { name, length } = value as { name: string; length: number };
    return { name, length, descriptor };
  },
  'frozen arguments': (client) => outcome(() => client.callTool(Object.freeze({ name: 'weather', arguments: {} }))),
};

describe('the client of the Model Context Protocol', () => {
  it.each(Object.entries(SCENARIOS))('behaves with instrumentation as without: %s', async (_name, scenario) => {
    const expected = await scenario(await connect(plain));
    expect(telemetry.spans).toEqual([]);
    expect(await scenario(await connect(patched))).toEqual(expected);
  });

  it('reports a tool’s call as a span that costs nothing', async () => {
    const client = await connect(patched);
    await withCostAttribution({ feature: 'search' }, () => client.callTool({ name: 'weather' }));
    const { name, kind, attributes } = telemetry.onlySpan;
    expect([name, kind]).toEqual(['tools/call weather', 2]);
    expect(attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'weather',
      'mcp.method.name': 'tools/call',
      'costel.feature': 'search',
    });
    expect(Object.keys(attributes).filter((name) => /usage|cost\./.test(name))).toEqual([]);
    expect(await telemetry.points('costel.cost')).toEqual([]);
    expect(insideTool).toBe(telemetry.onlySpan.spanContext().spanId);
  });

  it.each([
    ['broken', 'tool_error'],
    ['nothing', 'tool_error'],
  ])('tells that %s failed', async (tool, type) => {
    await outcome(async () => (await connect(patched)).callTool({ name: tool }));
    expect(telemetry.onlySpan.attributes['error.type']).toBe(type);
    expect(telemetry.onlySpan.status.code).toBe(2);
  });

  it('tells a broken connection by its code', async () => {
    const client = await connect(patched);
    await client.close();
    await outcome(() => client.callTool({ name: 'weather' }));
    expect(telemetry.onlySpan.attributes['error.type']).toBeDefined();
  });
});
