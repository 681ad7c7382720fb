import { expect, test } from 'vitest';
import type { AppProcess } from '../src/app-process.mjs';
import type { CostFigures } from '../src/costel-api.mjs';
import { parseOptions } from '../src/options.mjs';
import { APPS, type Call } from '../src/plan.mjs';
import { makeTraffic } from '../src/traffic.mjs';

const figures = (calls: number): CostFigures => ({
  cost_usd: '0',
  calls,
  input_tokens: 0,
  output_tokens: 0,
  unpriced_calls: 0,
  estimated_calls: 0,
});

/** Apps that answer at once, and a Costel that sees each call at the next question. */
function world(perform: (call: Call) => string | undefined = () => undefined) {
  const made: { call: Call; tags: Record<string, string> }[] = [];
  const stopped: string[] = [];
  const apps: AppProcess[] = APPS.map((app) => ({
    name: app.name,
    sdkVersion: 'none',
    perform: async (call, tags) => {
      made.push({ call, tags });
      const error = perform(call);
      return { id: call.id, endedAtMs: Date.now(), ...(error !== undefined && { error }) };
    },
    stop: async () => void stopped.push(app.name),
  }));
  const asked: Record<string, string>[] = [];
  const summary = async (parameters: Record<string, string>) => {
    asked.push(parameters);
    const groups = APPS.map((app) => ({
      key: { 'tag.demo_app': app.name },
      ...figures(made.filter((one) => one.call.app === app.name).length),
    }));
    return { total: figures(made.length), groups };
  };
  const api = { summary, waitUntilReady: async () => undefined, budgets: async () => [], alerts: async () => [] };
  const expected: Call[] = [];
  const provider = {
    url: 'http://127.0.0.1:1',
    expect: (call: Call) => void expected.push(call),
    entries: [],
    surprises: [] as string[],
    close: async () => undefined,
  };
  return { made, stopped, apps, asked, api, provider, expected };
}

const run = (some: ReturnType<typeof world>, args: string[], signal = new AbortController().signal) =>
  makeTraffic({
    options: parseOptions(['--seconds=1', '--seed=a', ...args]),
    run: 'run-1',
    api: some.api,
    provider: some.provider,
    apps: some.apps,
    signal,
    onProgress: () => undefined,
  });

test('every planned call is announced to the provider, tagged with its run, and made once', async () => {
  const some = world();
  const { failures, visibility, truth } = await run(some, ['--calls=40']);
  expect(some.made).toHaveLength(40);
  expect(some.expected.map((call) => call.id)).toEqual(some.made.map((one) => one.call.id));
  expect(some.made[0]?.tags).toMatchObject({ demo_run: 'run-1', demo_app: some.made[0]?.call.app });
  expect(failures).toEqual([]);
  expect(visibility.missing).toBe(0);
  expect(some.stopped.toSorted()).toEqual(APPS.map((app) => app.name).toSorted());
  expect(truth).toMatchObject({ run: 'run-1', seed: 'a' });
  expect(some.asked[0]).toMatchObject({ 'filter.tag.demo_run': 'run-1', group_by: 'tag.demo_app' });
});

test('a call that went wrong and a request that nobody planned are failures of the run', async () => {
  const some = world((call) => (call.id === 'call-2' ? 'TypeError: no' : undefined));
  some.provider.surprises.push('GET /v1/models');
  const { failures } = await run(some, ['--calls=3']);
  expect(failures).toHaveLength(2);
  expect(failures[0]).toMatch(/call-2 .* TypeError: no/);
  expect(failures[1]).toMatch(/GET \/v1\/models/);
});

test('with --keep-going it goes on with new calls until it is interrupted', async () => {
  const some = world();
  const controller = new AbortController();
  const finished = run(some, ['--calls=20', '--keep-going'], controller.signal);
  await expect.poll(() => some.made.length).toBeGreaterThan(25);
  controller.abort();
  await finished;
  expect(new Set(some.made.map((one) => one.call.id)).size).toBe(some.made.length);
});
