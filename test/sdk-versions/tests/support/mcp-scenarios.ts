import {
  outcome,
  prototypeNames,
  unhandledDuring,
} from '../../../../packages/instrumentation/test/conformance/observe.js';
import { forgetPackages, loadSdk } from '../load-sdk.js';
import type { Scenario } from './compare.js';

type Settings = Readonly<Record<string, unknown>>;

export interface McpClient {
  connect(transport: unknown): Promise<void>;
  callTool(params: Settings, schema?: unknown, options?: Settings): Promise<Settings>;
  close(): Promise<void>;
}

interface McpServer {
  registerTool(name: string, definition: Settings, run: () => unknown): unknown;
  connect(transport: unknown): Promise<void>;
}

export interface Mcp {
  readonly Client: new (info: Settings) => McpClient;
  readonly McpServer: new (info: Settings) => McpServer;
  readonly InMemoryTransport: { createLinkedPair(): readonly [unknown, unknown] };
}

export function loadMcp(): Mcp {
  forgetPackages(['@modelcontextprotocol/sdk']);
  const { Client } = loadSdk('mcp-1', '@modelcontextprotocol/sdk/client/index.js') as Pick<Mcp, 'Client'>;
  const { McpServer } = loadSdk('mcp-1', '@modelcontextprotocol/sdk/server/mcp.js') as Pick<Mcp, 'McpServer'>;
  const memory = loadSdk('mcp-1', '@modelcontextprotocol/sdk/inMemory.js') as Pick<Mcp, 'InMemoryTransport'>;
  return { Client, McpServer, ...memory };
}

/** A client of a server in the same process; `onTool` is told when its tool runs. */
export async function connectMcp(
  { Client, McpServer, InMemoryTransport }: Mcp,
  onTool: () => void = () => undefined,
): Promise<McpClient> {
  const server = new McpServer({ name: 'tools', version: '1' });
  server.registerTool('weather', { description: 'tells the weather' }, () => {
    onTool();
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

export const MCP_SCENARIOS: Readonly<Record<string, Scenario<McpClient>>> = {
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
