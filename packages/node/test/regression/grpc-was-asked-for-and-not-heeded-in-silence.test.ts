import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { callSource, importSource, PROVIDER_SOURCE, runApp } from '../support/run-app.js';

const receiver = new OtlpReceiver();
beforeAll(() => receiver.start());
beforeEach(() => {
  receiver.requests.length = 0;
});
afterAll(() => receiver.stop());

async function outputOf(more: Readonly<Record<string, string>>, source?: string): Promise<string> {
  const { code, output } = await runApp({
    copy: 'openai-7',
    file: 'app.mjs',
    source: source ?? importSource('openai-7') + PROVIDER_SOURCE + callSource('openai-7'),
    ...(source === undefined ? { nodeArguments: ['--import', '@costel/node/register'] } : {}),
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'shop', ...more },
  });
  expect(code, output).toBe(0);
  return output;
}

describe('OTEL_EXPORTER_OTLP_PROTOCOL=grpc', () => {
  it('is told once without any log level, and the telemetry goes as http/protobuf', async () => {
    const output = await outputOf({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect(output.match(/^costel: OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not supported.*$/gm), output).toEqual([
      expect.stringContaining(`http/protobuf is used in its place: traces to ${receiver.url}/v1/traces`),
    ]);
    expect(receiver.count('costel.cost.usd')).toBe(1);
  });

  it('is not told of signals that are not sent', async () => {
    const output = await outputOf({ OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc', OTEL_METRICS_EXPORTER: 'none' });
    expect(output).not.toContain('PROTOCOL');
  });

  it('is not told where the application’s own provider exports', async () => {
    const source = `
      import { trace } from '@opentelemetry/api';
      import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
      import { register } from '@costel/node';
      trace.setGlobalTracerProvider(new BasicTracerProvider());
      register();`;
    const output = await outputOf({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_METRICS_EXPORTER: 'none' }, source);
    expect(output).toContain('already has an OpenTelemetry tracer provider');
    expect(output).not.toContain('PROTOCOL');
  });
});
