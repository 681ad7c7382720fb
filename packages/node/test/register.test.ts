import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OtlpReceiver } from './support/otlp-receiver.js';
import { callSource, importSource, PROVIDER_SOURCE, requireSource, runApp } from './support/run-app.js';

const COPIES = ['openai-6', 'openai-7', 'anthropic-0-133', 'anthropic-0', 'anthropic-1'] as const;
const PRELOAD = ['--import', '@costel/node/register'];

const receiver = new OtlpReceiver();
beforeAll(() => receiver.start());
beforeEach(() => {
  receiver.requests.length = 0;
  receiver.status = 200;
});
afterAll(() => receiver.stop());

const environment = (more: Record<string, string> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  OTEL_SERVICE_NAME: 'shop',
  OTEL_LOG_LEVEL: 'info',
  ...more,
});

function expectOneCall(output: string): void {
  expect(output).toContain('four');
  expect(output.match(/patched (openai|@anthropic-ai\/sdk) /g)).toHaveLength(1);
  expect(receiver.count('costel.cost.usd')).toBe(1);
  expect(receiver.received('traces')).toContain('shop');
  expect(receiver.received('metrics')).toContain('gen_ai.client.operation.duration');
}

describe.each(COPIES)('node --import @costel/node/register with %s', (copy) => {
  it('sees the calls of static ESM imports', async () => {
    const source = importSource(copy) + PROVIDER_SOURCE + callSource(copy);
    const { code, output } = await runApp({
      copy,
      file: 'app.mjs',
      source,
      nodeArguments: PRELOAD,
      environment: environment(),
    });
    expect(code).toBe(0);
    expectOneCall(output);
  });

  it('sees the calls of CommonJS', async () => {
    const source = `${requireSource(copy)}${PROVIDER_SOURCE}(async () => {${callSource(copy)}})();`;
    const { code, output } = await runApp({
      copy,
      file: 'app.cjs',
      source,
      nodeArguments: PRELOAD,
      environment: environment(),
    });
    expect(code).toBe(0);
    expectOneCall(output);
  });
});

describe('register()', () => {
  it('in the application sees what is imported afterwards, with its own options', async () => {
    const source = `
      import { register, withCostAttribution } from '@costel/node';
      const handle = register({ serviceName: 'shop', environment: 'staging', endpoint: ${JSON.stringify(receiver.url)}, headers: { 'x-key': 'secret' } });
      if (register() !== handle) throw new Error('two set-ups');
      const { default: OpenAI } = await import('openai');
      ${PROVIDER_SOURCE}
      await withCostAttribution({ feature: 'search' }, async () => {${callSource('openai-7')}});
      await handle.forceFlush();
      console.log('flushed');
      await handle.shutdown();
      await handle.shutdown();`;
    const { code, output } = await runApp({
      copy: 'openai-7',
      file: 'app.mjs',
      source,
      environment: { OTEL_LOG_LEVEL: 'info' },
    });
    expect(code, output).toBe(0);
    expectOneCall(output);
    const traces = receiver.received('traces');
    for (const part of ['staging', 'costel.feature', 'search']) expect(traces).toContain(part);
    expect(receiver.requests.every(({ headers }) => headers['x-key'] === 'secret')).toBe(true);
  });

  it.each([
    {
      name: 'a static import',
      file: 'app.mjs',
      load: importSource('openai-7'),
      costel: `import { register } from '@costel/node';`,
    },
    {
      name: 'a require above it',
      file: 'app.cjs',
      load: requireSource('openai-6'),
      costel: `const { register } = require('@costel/node');`,
    },
  ])('says without any log level that the SDK came too early, by $name', async ({ file, load, costel }) => {
    const source = `${load}${costel}\nregister({ endpoint: ${JSON.stringify(receiver.url)} });`;
    const { code, output } = await runApp({ copy: file === 'app.mjs' ? 'openai-7' : 'openai-6', file, source });
    expect(code, output).toBe(0);
    expect(output.match(/costel: openai was loaded before Costel/g)).toHaveLength(1);
  });

  it.each(['openai-6', 'anthropic-0-133'])(
    'says without any log level that calls go unseen where the ES module left no trace: %s',
    async (copy) => {
      const source =
        `${importSource(copy)}import { register } from '@costel/node';` +
        `register({ endpoint: ${JSON.stringify(receiver.url)} });${PROVIDER_SOURCE}` +
        `{${callSource(copy)}}{${callSource(copy)}}`;
      const { code, output } = await runApp({ copy, file: 'app.mjs', source });
      expect(code, output).toBe(0);
      const moduleName = copy.startsWith('openai') ? 'openai' : '@anthropic-ai/sdk';
      const lines = output
        .split('\n')
        .filter((line) => line.startsWith(`costel: ${moduleName} makes calls that go unseen`));
      expect(lines, output).toEqual([expect.stringContaining('node --import @costel/node/register')]);
    },
  );

  it('from CommonJS works the same', async () => {
    const source = `
      const { register } = require('@costel/node');
      register({ serviceName: 'shop', endpoint: ${JSON.stringify(receiver.url)} });
      ${requireSource('openai-6')}${PROVIDER_SOURCE}
      (async () => {${callSource('openai-6')}})();`;
    const { code, output } = await runApp({
      copy: 'openai-6',
      file: 'app.cjs',
      source,
      environment: { OTEL_LOG_LEVEL: 'info' },
    });
    expect(code, output).toBe(0);
    expectOneCall(output);
  });

  it('exports a call within a second, without a flush', async () => {
    const source = `${importSource('openai-7')}${PROVIDER_SOURCE}${callSource('openai-7')}
      console.log('called'); setInterval(() => {}, 1000);`;
    let calledAt = 0;
    const { signal } = await runApp({
      copy: 'openai-7',
      file: 'app.mjs',
      source,
      nodeArguments: PRELOAD,
      environment: environment(),
      onOutput: (text, child) => {
        if (calledAt > 0 || !text.includes('called')) return;
        calledAt = performance.now();
        const poll = setInterval(() => {
          const waited = performance.now() - calledAt;
          if (receiver.count('costel.cost.usd') === 0 && waited < 5000) return;
          clearInterval(poll);
          calledAt = -waited;
          child.kill('SIGKILL');
        }, 20);
      },
    });
    expect(signal).toBe('SIGKILL');
    // The exporter's own delay would be five seconds; the rest is room for a busy machine.
    expect(-calledAt).toBeLessThan(4500);
  });

  it('does nothing when OpenTelemetry is switched off', async () => {
    const source = importSource('openai-7') + PROVIDER_SOURCE + callSource('openai-7');
    const { code, output } = await runApp({
      copy: 'openai-7',
      file: 'app.mjs',
      source,
      nodeArguments: PRELOAD,
      environment: environment({ OTEL_SDK_DISABLED: 'true' }),
    });
    expect(code).toBe(0);
    expect(output).toContain('four');
    expect(receiver.requests).toEqual([]);
  });

  it('honours the exporter switches and resource attributes of OpenTelemetry', async () => {
    const source = importSource('openai-7') + PROVIDER_SOURCE + callSource('openai-7');
    await runApp({
      copy: 'openai-7',
      file: 'app.mjs',
      source,
      nodeArguments: PRELOAD,
      environment: environment({
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=canary',
        OTEL_EXPORTER_OTLP_HEADERS: 'x-key=secret',
      }),
    });
    expect(receiver.received('metrics')).toBe('');
    expect(receiver.received('traces')).toContain('canary');
    expect(receiver.requests[0]?.headers['x-key']).toBe('secret');
  });

  it('does not export the command line, where people pass keys', async () => {
    const source = importSource('openai-7') + PROVIDER_SOURCE + callSource('openai-7');
    const nodeArguments = [...PRELOAD, '--title=sk-canary-argument'];
    await runApp({ copy: 'openai-7', file: 'app.mjs', source, nodeArguments, environment: environment() });
    expect(receiver.count('costel.cost.usd')).toBe(1);
    expect(receiver.received('traces')).not.toContain('sk-canary-argument');
  });

  it('leaves providers alone that are there already, and still sees the calls', async () => {
    const source = `
      import { trace } from '@opentelemetry/api';
      import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
      import { register } from '@costel/node';
      const exporter = new InMemorySpanExporter();
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
      const handle = register({ endpoint: ${JSON.stringify(receiver.url)} });
      const { default: OpenAI } = await import('openai');
      ${PROVIDER_SOURCE}${callSource('openai-7')}
      console.log('spans', exporter.getFinishedSpans().map(({ name }) => name).join());`;
    const { output } = await runApp({ copy: 'openai-7', file: 'app.mjs', source });
    expect(output).toContain('already has an OpenTelemetry tracer provider');
    expect(output).toContain('spans chat gpt-4o');
    expect(receiver.received('traces')).toBe('');
  });
});
