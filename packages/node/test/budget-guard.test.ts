import { describe, expect, it } from 'vitest';
import { runApp } from './support/run-app.js';

const OUTAGE = /costel: budgetGuard: http:\/\/127\.0\.0\.1:9 does not say how the budgets stand \(ECONNREFUSED\)/g;

/** What an application prints whose aggregator is not there. */
async function outputOf(environment: Readonly<Record<string, string>>): Promise<string> {
  const { code, output } = await runApp({
    copy: 'openai-7',
    file: 'app.mjs',
    source: `
      import { budgetGuard } from '@costel/node';
      const guard = budgetGuard({ url: 'http://127.0.0.1:9', refreshMs: 100 });
      for (let look = 0; look < 3; look += 1) await guard.refresh();
      console.log('ready', await guard.ready(50));`,
    nodeArguments: ['--import', '@costel/node/register'],
    environment: { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', ...environment },
  });
  expect(code, output).toBe(0);
  expect(output).toContain('ready false');
  return output;
}

describe('a budget guard whose aggregator is out of reach', () => {
  it('says on stderr once that it holds calls to nothing, without any log level', async () => {
    expect((await outputOf({})).match(OUTAGE)).toHaveLength(1);
  });

  it('says nothing where the log level asks for silence', async () => {
    expect((await outputOf({ OTEL_LOG_LEVEL: 'none' })).match(OUTAGE)).toBeNull();
  });
});
