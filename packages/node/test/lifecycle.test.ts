import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../test/support/free-port.mjs';
import { OtlpReceiver } from './support/otlp-receiver.js';
import { callSource, importSource, PROVIDER_SOURCE, runApp, type App } from './support/run-app.js';

const receiver = new OtlpReceiver();
beforeAll(() => receiver.start());
beforeEach(() => {
  receiver.requests.length = 0;
  receiver.status = 200;
});
afterAll(() => receiver.stop());

const CALL = importSource('openai-7') + PROVIDER_SOURCE + callSource('openai-7');

const app = (source: string, endpoint = receiver.url): App => ({
  copy: 'openai-7',
  file: 'app.mjs',
  source,
  nodeArguments: ['--import', '@costel/node/register'],
  environment: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'shop' },
});

const WAITING = `${CALL}\nsetInterval(() => {}, 1000);\nconsole.log('ready');`;

/** Sends a signal once the application is ready. */
const signalling = (source: string, signal: NodeJS.Signals): App => {
  let sent = false;
  return {
    ...app(source),
    onOutput: (text, child) => {
      if (sent || !text.includes('ready')) return;
      sent = true;
      child.kill(signal);
    },
  };
};

describe('the end of a process', () => {
  it('sends what is left when the event loop runs empty', async () => {
    const { code } = await runApp(app(CALL));
    expect(code).toBe(0);
    expect(receiver.count('costel.cost.usd')).toBe(1);
  });

  it('finishes and sends a stream that was left open', async () => {
    const source = `${importSource('openai-7')}
      const fetchOnce = async () => new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('data: {"choices":[{"delta":{"content":"four"}}]}\\n\\n')); } }), { headers: { 'content-type': 'text/event-stream' } });
      const client = new OpenAI({ apiKey: 'k', fetch: fetchOnce });
      globalThis.kept = await client.chat.completions.create({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'two and two?' }] });`;
    const { code } = await runApp(app(source));
    expect(code).toBe(0);
    expect(receiver.count('costel.cost.usd')).toBe(1);
    expect(receiver.received('traces')).toContain('abandoned');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('by %s sends what is left and still ends by the signal', async (signal) => {
    const result = await runApp(signalling(WAITING, signal));
    expect(result.signal).toBe(signal);
    expect(receiver.count('costel.cost.usd')).toBe(1);
  });

  it('by a signal that the application handles is left to the application', async () => {
    const source = `process.on('SIGTERM', () => { console.log('mine'); setTimeout(() => process.exit(7), 1500); });\n${WAITING}`;
    const result = await runApp(signalling(source, 'SIGTERM'));
    expect(result).toMatchObject({ code: 7, signal: null });
    expect(result.output).toContain('mine');
    expect(receiver.count('costel.cost.usd')).toBe(1);
  });
});

describe('a receiver out of reach', () => {
  const refusing = 'http://127.0.0.1:9';

  it('is said once and holds neither calls nor the end of the process', async () => {
    const source = `${CALL}\nfor (let i = 0; i < 3; i += 1) await new Promise((resolve) => setTimeout(resolve, 700));\nconsole.log('end', process.uptime());`;
    const { code, output, tookMs } = await runApp(app(source, refusing));
    expect(code).toBe(0);
    expect(output.match(/cannot export to/g)).toHaveLength(1);
    expect(output).toMatch(/cannot export to http:\/\/127\.0\.0\.1:9\/v1\/(traces|metrics) \(ECONNREFUSED\)/);
    const uptimeMs = 1000 * Number(/end ([\d.]+)/.exec(output)?.[1]);
    // Two seconds for the flush; an export that is waited for takes ten.
    expect(tookMs - uptimeMs).toBeLessThan(9000);
  });

  it('that accepts and never answers does not hold the end for long, and what may be lost then is said', async () => {
    receiver.status = undefined;
    const { code, output, tookMs } = await runApp(app(CALL));
    expect(code).toBe(0);
    expect(output).toContain('costel: the receiver did not take everything within 2 s before the end');
    // Two seconds for the flush, the rest for starting Node on a busy machine; an export that is waited for takes ten.
    expect(tookMs).toBeLessThan(10_000);
  });

  it('that accepts and never answers is said once too, and slows no call', async () => {
    receiver.status = undefined;
    const calls = `
      ${importSource('openai-7')}${PROVIDER_SOURCE}
      const { url, close } = await provider(CHAT);
      const client = new OpenAI({ apiKey: 'k', baseURL: url + '/v1' });
      const ask = () => client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] });
      await ask();
      const durations = [];
      for (let round = 0; round < 5; round += 1) {
        const startedAt = performance.now();
        await ask();
        durations.push(performance.now() - startedAt);
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
      console.log('median', durations.sort((left, right) => left - right)[2]);
      close();`;
    const hanging = app(calls);
    const environment = { ...hanging.environment, OTEL_EXPORTER_OTLP_TIMEOUT: '300' };
    const { code, output } = await runApp({ ...hanging, environment });
    expect(code, output).toBe(0);
    expect(output.match(/cannot export to/g)).toHaveLength(1);
    // A local call takes a few milliseconds; waiting for the receiver would take 300 at least.
    expect(Number(/median ([\d.]+)/.exec(output)?.[1])).toBeLessThan(250);
  });

  it('that comes back gets what waited, once', async () => {
    const port = await freePort();
    const back = new OtlpReceiver();
    const source = `${CALL}\nconsole.log('called'); setTimeout(() => {}, 4500);`;
    const { code, output } = await runApp({
      ...app(source, `http://127.0.0.1:${port}`),
      onOutput: (text) => {
        if (text.includes('cannot export') && back.requests.length === 0) void back.start(port).catch(() => undefined);
      },
    });
    expect(code, output).toBe(0);
    expect(back.count('costel.cost.usd')).toBe(1);
    await back.stop();
  });

  it('that refuses a batch drops it and goes on', async () => {
    receiver.status = 400;
    const { code, output } = await runApp(app(CALL));
    expect(code).toBe(0);
    expect(output.match(/cannot export to/g)).toHaveLength(1);
    expect(receiver.requests.filter(({ url }) => url === '/v1/traces')).toHaveLength(1);
  });
});

describe('a budget guard', () => {
  it('whose aggregator accepts and never answers does not hold the end of the process', async () => {
    receiver.status = undefined;
    const source = `import { budgetGuard } from '@costel/node';
      const guard = budgetGuard({ url: ${JSON.stringify(receiver.url)}, token: 't' });
      console.log('known', await guard.ready(300));
      console.log('end', process.uptime());`;
    const { code, output, tookMs } = await runApp({ copy: 'openai-7', file: 'app.mjs', source });
    expect(code, output).toBe(0);
    expect(output).toContain('known false');
    // What the process sent before its end may be read after it.
    await expect.poll(() => receiver.requests.map(({ url }) => url)).toEqual(['/api/v1/guard']);
    // It waits five seconds for an answer, and the process does not.
    expect(tookMs - 1000 * Number(/end ([\d.]+)/.exec(output)?.[1])).toBeLessThan(4500);
  });
});
