import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CostSpanProcessor,
  instrumentModule,
  withCostAttribution,
} from '../../../packages/instrumentation/src/index.js';
import { outcome } from '../../../packages/instrumentation/test/conformance/observe.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { context, trace } from './otel-api.js';
import { compareScenarios } from './support/compare.js';
import { connectMcp, loadMcp, MCP_SCENARIOS, type Mcp, type McpClient } from './support/mcp-scenarios.js';

const plain = loadMcp();
const telemetry = new Telemetry([new CostSpanProcessor()]);
const patched = instrumentModule(loadMcp());

beforeEach(() => telemetry.reset());
afterAll(() => {
  telemetry.stop();
});

/** The span that is active while the tool runs, in the same process. */
let insideTool: string | undefined;
const connect = (module: Mcp): Promise<McpClient> =>
  connectMcp(module, () => {
    insideTool = trace.getSpan(context.active())?.spanContext().spanId;
  });

compareScenarios<McpClient>(telemetry, {
  copy: 'mcp-1',
  scenarios: MCP_SCENARIOS,
  plain: () => connect(plain),
  patched: () => connect(patched),
  proof: { scenario: 'a tool answers', spans: ['tools/call weather'] },
});

describe('the client of the Model Context Protocol', () => {
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
