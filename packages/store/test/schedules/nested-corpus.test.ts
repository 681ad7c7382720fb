import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertSpans, newId, openTestStore, spanRow, type SpanRow, type TestStore } from '../support/test-store.js';
import { storeTick } from './store-tick.js';

const NOW_MS = Date.parse('2026-11-10T12:00:00.000Z');

interface Said {
  readonly tokens?: number;
  readonly id?: string;
  readonly from?: number;
  readonly to?: number;
  readonly scope?: string;
  readonly trace?: string;
}

/** A span of a story: a name, the name of its parent (spans that are never sent have one, too), and what it says. */
type Spoken = readonly [operation: string, name: string, parent: string, said?: Said];

/**
 * A trace and the order of its arrival. `usd` is what it costs by the list (a dollar a million tokens) after each batch,
 * one tick later; the last is what it costs at rest.
 */
interface Story {
  readonly name: string;
  readonly batches: readonly (readonly Spoken[])[];
  readonly usd: readonly number[];
}

const AGENT = 'invoke_agent';
const TOOL = 'execute_tool';

const STORIES: readonly Story[] = [
  {
    name: 'a tree in one batch',
    batches: [
      [
        [AGENT, 'a', '', { tokens: 300 }],
        [TOOL, 't', 'a'],
        ['chat', 'c', 't', { tokens: 100 }],
        ['chat', 'd', 'a', { tokens: 200 }],
      ],
    ],
    usd: [300],
  },
  {
    name: 'children before their parents, each in a batch of its own',
    batches: [
      [['chat', 'c', 't', { tokens: 100 }]],
      [[TOOL, 't', 'a']],
      [[AGENT, 'a', 'w', { tokens: 100 }]],
      [['invoke_workflow', 'w', '', { tokens: 100 }]],
    ],
    usd: [100, 100, 100, 100],
  },
  {
    name: 'a parent two hours after its children',
    batches: [
      [
        ['chat', 'c', 'a', { tokens: 60 }],
        ['chat', 'd', 'a', { tokens: 40 }],
      ],
      [],
      [[AGENT, 'a', '', { tokens: 100 }]],
    ],
    usd: [100, 100, 100],
  },
  {
    name: 'a roll-up before its calls, which is corrected when they come',
    batches: [
      [[AGENT, 'a', '', { tokens: 100 }]],
      [['chat', 'c', 'a', { tokens: 70 }]],
      [['chat', 'd', 'a', { tokens: 30 }]],
    ],
    usd: [100, 100, 100],
  },
  {
    name: 'a parent that never comes',
    batches: [
      [
        ['chat', 'c', 'never', { tokens: 70 }],
        ['chat', 'd', 'never', { tokens: 30 }],
      ],
    ],
    usd: [100],
  },
  {
    name: 'siblings with one response id: a callback and an SDK',
    batches: [
      [['chat', 'c', 'a', { tokens: 50, id: 'one' }]],
      [['chat', 'd', 'a', { tokens: 50, id: 'one', scope: '@costel/instrumentation' }]],
    ],
    usd: [50, 50],
  },
  {
    name: 'a roll-up of which only a part of the calls is seen',
    batches: [
      [
        [AGENT, 'a', '', { tokens: 777 }],
        ['chat', 'c', 'a', { tokens: 70 }],
      ],
    ],
    usd: [777],
  },
  {
    name: 'a real call inside a real call, and both inside a roll-up',
    batches: [
      [
        ['chat', 'outer', 'a', { tokens: 50, id: 'o' }],
        [TOOL, 't', 'outer'],
        ['chat', 'inner', 't', { tokens: 80, id: 'i' }],
      ],
      [[AGENT, 'a', '', { tokens: 130 }]],
    ],
    usd: [130, 130],
  },
  {
    name: 'a span in the middle that was sampled out',
    batches: [
      [[AGENT, 'a', '', { tokens: 100, from: 0, to: 9000 }]],
      [['chat', 'c', 'gone', { tokens: 100, from: 1000, to: 2000 }]],
    ],
    usd: [100, 100],
  },
  {
    name: 'an agent below a span that was sampled out',
    batches: [
      [
        [AGENT, 'a', '', { tokens: 150, from: 0, to: 9000 }],
        [AGENT, 'b', 'gone', { tokens: 100, from: 1000, to: 5000 }],
      ],
      [['chat', 'c', 'b', { tokens: 100, from: 1500, to: 2000 }]],
    ],
    usd: [150, 150],
  },
  {
    name: 'two instrumentations that overlap, one inside the other, without an id',
    batches: [[['chat', 'framework', '', { tokens: 50 }]], [['chat', 'sdk', 'framework', { tokens: 50, id: 'x' }]]],
    usd: [50, 50],
  },
  {
    name: 'two instrumentations that overlap, side by side, with the id of the answer',
    batches: [
      [
        ['chat', 'x', 'a', { tokens: 50, id: 'r' }],
        ['chat', 'y', 'x', { tokens: 50, id: 'r' }],
        [AGENT, 'a', '', { tokens: 50 }],
      ],
    ],
    usd: [50],
  },
  {
    name: 'a gateway in a trace of its own',
    batches: [
      [['chat', 'app', '', { tokens: 90, id: 'g', from: 0, to: 5000 }]],
      [['chat', 'gw', '', { tokens: 90, id: 'g', from: 100, to: 4900, trace: 'other' }]],
    ],
    usd: [90, 90],
  },
  {
    name: 'a mock that answers two traces with one id',
    batches: [
      [
        ['chat', 'one', '', { tokens: 90, id: 'm', from: 0, to: 1000 }],
        ['chat', 'two', '', { tokens: 90, id: 'm', from: 5000, to: 6000, trace: 'other' }],
      ],
    ],
    usd: [180],
  },
];

const STEPS = Math.max(...STORIES.map(({ batches }) => batches.length));

describe('a call that several spans tell of', () => {
  let store: TestStore;
  /** Dollars of each story after each of its batches, one tick later. */
  const seen: Record<string, number>[] = [];

  beforeAll(async () => {
    store = await openTestStore();
    const ids = new Map<string, string>();
    const idOf = (key: string, length: 16 | 32) => {
      const id = ids.get(key) ?? newId(length);
      ids.set(key, id);
      return id;
    };
    const row = (story: number, [operation, name, parent, said = {}]: Spoken): SpanRow => {
      const { tokens, id, from = 0, to = operation === 'chat' ? 1000 : 9000, trace = 'own' } = said;
      const startMs = Date.parse('2026-11-10T10:00:00.000Z') + from;
      return spanRow({
        trace: idOf(`${story} ${trace}`, 32),
        span: idOf(`${story} ${trace} ${name}`, 16),
        parent: parent === '' ? '' : idOf(`${story} ${trace} ${parent}`, 16),
        at: new Date(startMs).toISOString(),
        durationMs: to - from,
        scope: said.scope ?? 'framework',
        attributes: {
          'gen_ai.operation.name': operation,
          ...(tokens === undefined
            ? {}
            : {
                'gen_ai.provider.name': 'openai',
                'gen_ai.request.model': 'm',
                'gen_ai.usage.input_tokens': String(tokens),
              }),
          ...(id === undefined ? {} : { 'gen_ai.response.id': id }),
          'costel.feature': `story-${story}`,
        },
        resource: { 'costel.tenant': `tenant-${story}` },
      });
    };
    for (let step = 0; step < STEPS; step += 1) {
      await insertSpans(
        store,
        STORIES.flatMap(({ batches }, story) => (batches[step] ?? []).map((spoken) => row(story, spoken))),
      );
      await storeTick(store.db, NOW_MS);
      seen.push(await dollars());
    }
    // A resend of everything, in the opposite order, and a last tick.
    const rows = await store.db.query<SpanRow>('SELECT * EXCEPT ReceivedAt FROM otel_traces ORDER BY SpanId DESC');
    await insertSpans(store, rows);
    await storeTick(store.db, NOW_MS);
    seen.push(await dollars());
  });
  afterAll(async () => store.close());

  async function dollars(): Promise<Record<string, number>> {
    const rows = await store.db.query<{ tenant: string; usd: string }>(
      'SELECT tenant, sum(cost_usd) AS usd FROM llm_cost_quarters GROUP BY tenant',
    );
    return Object.fromEntries(rows.map(({ tenant, usd }) => [tenant, Math.round(Number(usd) * 1e6)]));
  }

  it.each(STORIES.map((story, index) => ({ ...story, index })))('costs once: $name', ({ index, usd }) => {
    const rest = usd.at(-1);
    const expected = Array.from({ length: STEPS + 1 }, (_, step) => usd[step] ?? rest);
    expect(seen.map((byTenant) => byTenant[`tenant-${index}`])).toEqual(expected);
  });
});
