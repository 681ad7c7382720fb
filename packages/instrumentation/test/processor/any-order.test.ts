import { context, trace, type Attributes, type Context, type Span } from '@opentelemetry/api';
import { assert as assertProperty, asyncProperty, shuffledSubarray } from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor } from '../../src/index.js';
import { costOf } from '../support/expectations.js';
import { Telemetry } from '../support/telemetry.js';

const telemetry = new Telemetry([new CostSpanProcessor()]);

beforeEach(() => telemetry.reset());
afterAll(() => {
  telemetry.stop();
});

const usage = (input: number, id?: string): Attributes => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': 0,
  ...(id === undefined ? {} : { 'gen_ai.response.id': id }),
});

const start = (name: string, parent: Context = context.active()): { span: Span; inside: Context } => {
  const span = trace.getTracer('framework').startSpan(name, {}, parent);
  return { span, inside: trace.setSpan(parent, span) };
};

const counted = async () => (await telemetry.points('costel.cost')).reduce((sum, { value }) => sum + Number(value), 0);
const usd = (input: number): number => Number(costOf('openai', 'gpt-4o', { input }));

describe('CostSpanProcessor, whichever span ends first', () => {
  it('waits with a span that ends before a call below it does', async () => {
    const outer = start('framework');
    const inner = start('sdk', outer.inside);
    outer.span.setAttributes(usage(100)).end();
    expect(await counted()).toBe(0);
    inner.span.setAttributes(usage(100)).end();
    expect(await counted()).toBeCloseTo(usd(100), 12);
  });

  it('counts a span whose children turn out to be no calls, once they have ended', async () => {
    const outer = start('chat');
    const inner = start('GET', outer.inside);
    outer.span.setAttributes(usage(100)).end();
    inner.span.end();
    expect(await counted()).toBeCloseTo(usd(100), 12);
  });

  it('counts a real call inside a tool of a real call beside it', async () => {
    const outer = start('chat');
    const tool = start('tool', outer.inside);
    const inner = start('chat', tool.inside);
    inner.span.setAttributes(usage(70, 'inner')).end();
    tool.span.end();
    outer.span.setAttributes(usage(30, 'outer')).end();
    expect(await counted()).toBeCloseTo(usd(70) + usd(30), 12);
  });

  it('counts one of two spans beside each other that report one response', async () => {
    const root = start('request');
    for (const name of ['sdk', 'callback']) start(name, root.inside).span.setAttributes(usage(50, 'one')).end();
    root.span.end();
    expect(await counted()).toBeCloseTo(usd(50), 12);
  });

  it('counts a tree of roll-ups once, in any order of ends', async () => {
    const order = shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5, maxLength: 5 });
    await assertProperty(
      asyncProperty(order, async (ends) => {
        await telemetry.reset();
        const workflow = start('workflow');
        const agent = start('agent', workflow.inside);
        const step = start('step', agent.inside);
        const [first, second] = [start('chat', step.inside), start('chat', step.inside)];
        const spans = [workflow, agent, step, first, second].map(({ span }) => span);
        const sums = [300, 300, 300, 100, 200];
        for (const index of ends) spans[index]?.setAttributes(usage(sums[index] ?? 0)).end();
        expect(await counted()).toBeCloseTo(usd(300), 12);
      }),
      { numRuns: 40 },
    );
  });
});
