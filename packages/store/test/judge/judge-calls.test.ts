import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeCalls, type JudgedCall, type SpanEdge, type VerdictName } from '../../src/index.js';

interface Input {
  readonly input?: number;
  readonly cacheRead?: number;
  readonly output?: number;
}

/** Sixteen buckets: input is the first, cache_read the second, output the tenth. */
function usage({ input = 0, cacheRead = 0, output = 0 }: Input): number[] {
  const counts = Array.from({ length: 16 }, () => 0);
  counts[0] = input;
  counts[1] = cacheRead;
  counts[9] = output;
  return counts;
}

function call(spanId: string, parentSpanId: string, said: Input, more: Partial<JudgedCall> = {}): JudgedCall {
  return {
    tenant: 'default',
    traceId: 'trace-1',
    spanId,
    item: 0,
    parentSpanId,
    provider: 'openai',
    operation: 'chat',
    responseId: `answer-${spanId}`,
    startMs: 1000,
    endMs: 2000,
    usage: usage(said),
    quality: 'reported',
    hasReportedCost: false,
    isOurs: false,
    isRecordedCost: false,
    ...more,
  };
}

const agent = (spanId: string, parentSpanId: string, said: Input, more: Partial<JudgedCall> = {}): JudgedCall =>
  call(spanId, parentSpanId, said, { operation: 'invoke_agent', responseId: '', startMs: 0, endMs: 9000, ...more });

const edge = (spanId: string, parentSpanId: string, traceId = 'trace-1'): SpanEdge => ({
  traceId,
  spanId,
  parentSpanId,
});

/** What counts: verdict, and input, cache_read and output tokens, by span. */
function judged(calls: readonly JudgedCall[], edges: readonly SpanEdge[] = []): Record<string, string> {
  const summary = (verdict: VerdictName, counts: readonly number[]) =>
    `${verdict} ${counts[0]}/${counts[1]}/${counts[9]}`;
  return Object.fromEntries(
    judgeCalls(calls, edges).map(({ call: { traceId, spanId }, verdict, usage: counts }) => [
      traceId === 'trace-1' ? spanId : `${traceId}:${spanId}`,
      summary(verdict, counts),
    ]),
  );
}

describe('a call is counted once', () => {
  it('counts independent calls of a trace as they are', () => {
    expect(judged([call('a', '', { input: 5, output: 1 }), call('b', '', { input: 7 })])).toEqual({
      a: 'counted 5/0/1',
      b: 'counted 7/0/0',
    });
  });

  it('drops an agent roll-up that repeats its calls, also over a tool span that uses nothing', () => {
    const calls = [
      agent('agent', '', { input: 300, output: 30 }),
      call('one', 'tool', { input: 100, output: 10 }),
      call('two', 'agent', { input: 200, output: 20 }),
    ];
    expect(judged(calls, [edge('tool', 'agent')])).toEqual({
      agent: 'nested 0/0/0',
      one: 'counted 100/0/10',
      two: 'counted 200/0/20',
    });
  });

  it('counts of a roll-up what its observed children do not say', () => {
    expect(
      judged([agent('agent', '', { input: 300, output: 30 }), call('one', 'agent', { input: 100, output: 10 })]),
    ).toEqual({ agent: 'remainder 200/0/20', one: 'counted 100/0/10' });
  });

  it('drops a roll-up that does not tell cached input apart', () => {
    expect(
      judged([
        agent('agent', '', { input: 1000, output: 9 }),
        call('one', 'agent', { input: 200, cacheRead: 800, output: 9 }),
      ]),
    ).toEqual({ agent: 'nested 0/0/0', one: 'counted 200/800/9' });
  });

  it('counts roll-ups over roll-ups once', () => {
    const calls = [
      agent('workflow', '', { input: 110, output: 11 }, { operation: 'invoke_workflow' }),
      agent('agent', 'workflow', { input: 110, output: 11 }),
      call('one', 'agent', { input: 100, output: 10 }),
    ];
    expect(judged(calls)).toEqual({
      workflow: 'nested 0/0/0',
      agent: 'remainder 10/0/1',
      one: 'counted 100/0/10',
    });
  });

  it('counts both of a real call inside a real call', () => {
    const calls = [call('outer', '', { input: 50, output: 5 }), call('inner', 'tool', { input: 80, output: 8 })];
    expect(judged(calls, [edge('tool', 'outer')])).toEqual({ outer: 'counted 50/0/5', inner: 'counted 80/0/8' });
  });

  it('drops what another instrumentation inside an answer says of it again without its id, split or not, or with no usage', () => {
    const ours = { isOurs: true };
    const other = { responseId: '' };
    const calls = [
      call('ours', '', { input: 20, cacheRead: 30, output: 5 }, ours),
      call('openinference', 'ours', { input: 50, output: 5 }, other),
      call('inside-that', 'openinference', { input: 20, cacheRead: 30, output: 5 }, other),
      call('of-a-stream', 'inside-that', {}, { ...other, quality: 'missing' }),
      call('of-the-sdk', 'ours', { input: 20, cacheRead: 30, output: 5 }, { responseId: 'answer-ours' }),
      call('inside-the-sdk', 'of-the-sdk', { input: 20, cacheRead: 30, output: 5 }, other),
    ];
    expect(judged(calls)).toEqual({
      ours: 'counted 20/30/5',
      openinference: 'duplicate 0/0/0',
      'inside-that': 'duplicate 0/0/0',
      'of-a-stream': 'duplicate 0/0/0',
      'of-the-sdk': 'duplicate 0/0/0',
      'inside-the-sdk': 'duplicate 0/0/0',
    });
  });

  it('drops what another instrumentation around a call of ours says of it again under an id that ours lacks', () => {
    const ours = { isOurs: true, responseId: '' };
    const calls = [
      call('openlit', '', { input: 64, cacheRead: 16, output: 12 }),
      call('ours', 'openlit', { input: 80, cacheRead: 16, output: 12 }, ours),
      call('another', '', { input: 50, output: 5 }),
      call('ours-by-a-tool', 'tool', { input: 50, output: 5 }, ours),
      call('of-another-provider', '', { input: 50, output: 5 }, { provider: 'anthropic' }),
      call('ours-of-openai', 'of-another-provider', { input: 50, output: 5 }, ours),
    ];
    expect(judged(calls, [edge('tool', 'another')])).toEqual({
      openlit: 'duplicate 0/0/0',
      ours: 'counted 80/16/12',
      another: 'counted 50/0/5',
      'ours-by-a-tool': 'counted 50/0/5',
      'of-another-provider': 'counted 50/0/5',
      'ours-of-openai': 'counted 50/0/5',
    });
  });

  it('counts a call without an id inside an answer when it says other usage, is observed by us, or a tool made it', () => {
    const other = { responseId: '' };
    const calls = [
      call('outer', '', { input: 50, output: 5 }),
      call('another', 'outer', { input: 50, output: 6 }, other),
      call('ours', 'outer', { input: 50, output: 4 }, { ...other, isOurs: true }),
      call('of-a-tool', 'tool', { input: 50, output: 5 }, other),
    ];
    expect(judged(calls, [edge('tool', 'outer')])).toEqual({
      outer: 'counted 50/0/5',
      another: 'counted 50/0/6',
      ours: 'counted 50/0/4',
      'of-a-tool': 'counted 50/0/5',
    });
  });

  it('subtracts a real call and the real call inside it from the roll-up above both', () => {
    const calls = [
      agent('agent', '', { input: 130, output: 13 }),
      call('outer', 'agent', { input: 50, output: 5 }),
      call('inner', 'outer', { input: 80, output: 8 }),
    ];
    expect(judged(calls)).toMatchObject({ agent: 'nested 0/0/0' });
  });

  it('drops a framework span without an id of its own over the SDK span', () => {
    const calls = [
      call('framework', '', { input: 50, output: 5 }, { responseId: '' }),
      call('sdk', 'framework', { input: 50, output: 5 }),
    ];
    expect(judged(calls)).toEqual({ framework: 'nested 0/0/0', sdk: 'counted 50/0/5' });
  });

  it('drops a wrapper that says no usage over the call that does', () => {
    const calls = [
      call('wrapper', '', {}, { responseId: '', quality: 'missing' }),
      call('sdk', 'wrapper', { input: 50, output: 5 }),
    ];
    expect(judged(calls)).toEqual({ wrapper: 'nested 0/0/0', sdk: 'counted 50/0/5' });
  });

  it('takes siblings with one response id for one call, and keeps the richer record', () => {
    const calls = [
      call('callback', '', { input: 1000, output: 9 }, { responseId: 'id' }),
      call('sdk', '', { input: 200, cacheRead: 800, output: 9 }, { responseId: 'id', isOurs: true }),
    ];
    expect(judged(calls)).toEqual({ callback: 'duplicate 0/0/0', sdk: 'counted 200/800/9' });
  });

  it('prefers reported usage to an estimate, and a cost that the provider stated to both', () => {
    const estimate = call('estimate', '', { input: 9 }, { responseId: 'id', quality: 'estimated', isOurs: true });
    const reported = call('reported', '', { input: 10 }, { responseId: 'id' });
    const stated = call('stated', '', { input: 10 }, { responseId: 'id', quality: 'estimated', hasReportedCost: true });
    expect(judged([estimate, reported])).toMatchObject({ estimate: 'duplicate 0/0/0' });
    expect(judged([estimate, reported, stated])).toMatchObject({
      stated: 'counted 10/0/0',
      reported: 'duplicate 0/0/0',
    });
  });

  it('takes a gateway without context for the same call when it contains it and says the same', () => {
    const app = call('app', '', { input: 50 }, { responseId: 'id', startMs: 1000, endMs: 3000 });
    const gateway = call('gw', '', { input: 50 }, { responseId: 'id', traceId: 'trace-2', startMs: 1100, endMs: 2900 });
    expect(judged([app, gateway])).toEqual({ app: 'counted 50/0/0', 'trace-2:gw': 'duplicate 0/0/0' });
  });

  it('counts calls of two traces with one id twice when their times or their usage differ, as mocks repeat ids', () => {
    const one = call('one', '', { input: 50 }, { responseId: 'id', startMs: 1000, endMs: 2000 });
    const later = call('two', '', { input: 50 }, { responseId: 'id', traceId: 'trace-2', startMs: 5000, endMs: 6000 });
    const other = call('two', '', { input: 51 }, { responseId: 'id', traceId: 'trace-2' });
    expect(judged([one, later])).toEqual({ one: 'counted 50/0/0', 'trace-2:two': 'counted 50/0/0' });
    expect(judged([one, other])).toEqual({ one: 'counted 50/0/0', 'trace-2:two': 'counted 51/0/0' });
  });

  it('does not mix tenants or providers', () => {
    const same = { responseId: 'id' };
    expect(
      judged([
        call('one', '', { input: 5 }, same),
        call('two', '', { input: 5 }, { ...same, tenant: 'other' }),
        call('three', '', { input: 5 }, { ...same, provider: 'anthropic' }),
      ]),
    ).toEqual({ one: 'counted 5/0/0', two: 'counted 5/0/0', three: 'counted 5/0/0' });
  });

  it('counts a roll-up whole while its children have not come, and corrects it when they have', () => {
    const parent = agent('agent', '', { input: 100, output: 10 });
    expect(judged([parent])).toEqual({ agent: 'counted 100/0/10' });
    expect(judged([parent, call('child', 'agent', { input: 100, output: 10 })])).toMatchObject({
      agent: 'nested 0/0/0',
    });
  });

  it('counts children alone when their parent never comes', () => {
    expect(judged([call('child', 'never', { input: 100 })])).toEqual({ child: 'counted 100/0/0' });
  });

  it('finds the agent of a call whose span in between was sampled out', () => {
    const calls = [
      agent('agent', '', { input: 100, output: 10 }),
      call('child', 'sampled-out', { input: 100, output: 10 }),
    ];
    expect(judged(calls)).toMatchObject({ agent: 'nested 0/0/0', child: 'counted 100/0/10' });
  });

  it('finds the agent above an agent whose span in between was sampled out, and takes agents of one time for neighbours', () => {
    const outer = agent('outer', '', { input: 100, output: 10 }, { startMs: 0, endMs: 9000 });
    const inner = agent('inner', 'sampled-out', { input: 100, output: 10 }, { startMs: 1000, endMs: 3000 });
    const leaf = call('leaf', 'inner', { input: 100, output: 10 }, { startMs: 1500, endMs: 2000 });
    expect(judged([outer, inner, leaf])).toEqual({
      outer: 'nested 0/0/0',
      inner: 'nested 0/0/0',
      leaf: 'counted 100/0/10',
    });
    const twin = agent('twin', 'sampled-out', { input: 70 }, { startMs: 0, endMs: 9000 });
    expect(judged([outer, twin])).toEqual({ outer: 'counted 100/0/10', twin: 'counted 70/0/0' });
  });

  it('counts what was recorded by hand, whatever its trace holds', () => {
    const calls = [
      agent('agent', '', { input: 5 }),
      call('fee', 'agent', {}, { isRecordedCost: true, responseId: '' }),
    ];
    expect(judged(calls)).toEqual({ agent: 'counted 5/0/0', fee: 'counted 0/0/0' });
  });

  it('survives spans that are their own ancestors', () => {
    const calls = [
      call('a', 'b', { input: 5 }, { responseId: '' }),
      call('b', 'a', { input: 5 }, { responseId: '' }),
      call('c', 'c', { input: 1 }),
    ];
    expect(judged(calls)).toEqual({ a: 'counted 5/0/0', b: 'counted 5/0/0', c: 'counted 1/0/0' });
  });

  it('judges the same in any order of arrival, and never counts more than the spans say', () => {
    const anyCall = fc
      .record({
        span: fc.integer({ min: 0, max: 7 }),
        parent: fc.integer({ min: -1, max: 7 }),
        input: fc.nat(50),
        cacheRead: fc.nat(50),
        output: fc.nat(50),
        response: fc.integer({ min: -1, max: 3 }),
        isAgent: fc.boolean(),
      })
      .map(({ span, parent, response, isAgent, ...said }) =>
        call(`s${span}`, parent < 0 ? '' : `s${parent}`, said, {
          responseId: response < 0 ? '' : `r${response}`,
          operation: isAgent ? 'invoke_agent' : 'chat',
        }),
      );
    const trace = fc.uniqueArray(anyCall, { selector: ({ spanId }) => spanId, maxLength: 8 });
    fc.assert(
      fc.property(trace, fc.integer(), (calls, seed) => {
        const shuffled = calls.toSorted((left, right) => (hash(left.spanId, seed) < hash(right.spanId, seed) ? -1 : 1));
        expect(judged(shuffled)).toEqual(judged(calls));
        for (const { call: own, usage: counts } of judgeCalls(calls, [])) {
          counts.forEach((count, bucket) => {
            expect(count).toBeGreaterThanOrEqual(0);
            expect(count).toBeLessThanOrEqual(own.usage[bucket] ?? 0);
          });
        }
      }),
    );
  });
});

function hash(text: string, seed: number): number {
  return Array.from(Buffer.from(text)).reduce((sum, byte) => Math.imul(sum ^ byte, 16_777_619), seed);
}
