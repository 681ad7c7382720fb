import { describe, expect, it } from 'vitest';
import { callSource, importSource, PROVIDER_SOURCE, runApp } from '../support/run-app.js';

const CALLS = `${PROVIDER_SOURCE}{${callSource('openai-7')}}{${callSource('openai-7')}}`;

const LOST = /costel: content is asked for as events .*/g;

/** What an application prints that asks for content where the variable says. */
async function outputOf(capture: string, source: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, output } = await runApp({
    copy: 'openai-7',
    file: 'app.mjs',
    source,
    nodeArguments: ['--import', '@costel/node/register'],
    environment: {
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: capture,
      ...more,
    },
  });
  expect(code, output).toBe(0);
  expect(output).toContain('four');
  return output;
}

describe('content that is asked for as events, of which no logger provider takes any', () => {
  it('is said to be lost, once, with what to do and without any log level', async () => {
    const output = await outputOf('event_only', importSource('openai-7') + CALLS);
    expect(output.match(LOST), output).toEqual([expect.stringContaining('CAPTURE_MESSAGE_CONTENT=span_only')]);
  });

  it('is a matter of the log level where one is set', async () => {
    const output = await outputOf('event_only', importSource('openai-7') + CALLS, { OTEL_LOG_LEVEL: 'none' });
    expect(output).not.toMatch(LOST);
  });

  it('says nothing where content is asked for on spans', async () => {
    expect(await outputOf('span_only', importSource('openai-7') + CALLS)).not.toMatch(LOST);
  });

  it('says nothing where the application sets a logger provider later, which gets them', async () => {
    const source = `${importSource('openai-7')}
      import { logs } from '@opentelemetry/api-logs';
      import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
      const exporter = new InMemoryLogRecordExporter();
      logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }));
      ${CALLS}
      console.log('events', exporter.getFinishedLogRecords().map(({ eventName }) => eventName).join());`;
    const output = await outputOf('event_only', source);
    expect(output).not.toMatch(LOST);
    const event = 'gen_ai.client.inference.operation.details';
    expect(output).toContain(`events ${event},${event}`);
  });

  it('says nothing where the logger is of an earlier logs API, which cannot be asked', async () => {
    const source = `${importSource('openai-7')}
      import { logs } from '@opentelemetry/api-logs';
      const events = [];
      logs.setGlobalLoggerProvider({ getLogger: () => ({ emit: ({ eventName }) => events.push(eventName) }) });
      ${CALLS}
      console.log('events', events.length);`;
    const output = await outputOf('event_only', source, { OTEL_LOG_LEVEL: 'warn' });
    expect(output).toContain('events 2');
    expect(output).not.toMatch(LOST);
    expect(output).not.toContain('content:');
  });
});
