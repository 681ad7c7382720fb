import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queryCosts, queryCostSeries } from '../../src/index.js';
import { storeTick } from '../schedules/store-tick.js';
import { costAttributes, insertSpans, openTestStore, spanRow, type TestStore } from '../support/test-store.js';

const AT = '2026-11-10T10:03:00.000Z';
const RANGE = { from: new Date('2026-11-10T00:00:00Z'), to: new Date('2026-11-11T00:00:00Z') };

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  const probe = spanRow({
    at: AT,
    scope: 'costel-doctor',
    resource: { 'service.name': 'costel-doctor' },
    attributes: { 'gen_ai.operation.name': 'costel_doctor', 'costel.cost.status': 'not_billable' },
  });
  await insertSpans(store, [
    { ...probe, ServiceName: 'costel-doctor' },
    spanRow({ at: AT, attributes: costAttributes('2') }),
  ]);
});
afterAll(async () => store.close());

/** Everything that the page and the dashboards draw a line or a row of. */
async function namesSeen(): Promise<unknown> {
  const { total, groups } = await queryCosts(store.db, { ...RANGE, groupBy: ['model'] });
  const points = await queryCostSeries(store.db, { ...RANGE, groupBy: ['service'], grain: 'hour' });
  const ofView = async (view: string) =>
    (await store.db.query<{ name: string }>(`SELECT DISTINCT service AS name FROM ${view}`)).map(({ name }) => name);
  return {
    total: [total.calls, Number(total.costUsd)],
    models: groups.map(({ key }) => key['model']),
    services: points.map(({ key }) => key['service']),
    hourly: await ofView('llm_cost_hourly'),
    daily: await ofView('llm_cost_daily'),
    quarters: await ofView('llm_cost_quarters'),
    detail: await ofView('llm_cost_detail'),
  };
}

describe('the span by which the doctor tries the pipeline', () => {
  const views = { hourly: ['shop'], daily: ['shop'], quarters: ['shop'], detail: ['shop'] };
  const expected = { total: [1, 2], models: ['gpt-test'], services: ['shop'], ...views };

  it('is in the ledger, and no line of any chart while its hour is open', async () => {
    const [row] = await store.db.query<{ rows: string }>(
      "SELECT count() AS rows FROM llm_calls FINAL WHERE service = 'costel-doctor'",
    );
    expect(row?.rows).toBe('1');
    expect(await namesSeen()).toEqual(expected);
  });

  it('nor once its hour is built', async () => {
    await storeTick(store.db, Date.parse('2026-11-12T10:07:00.000Z'));
    expect(await namesSeen()).toEqual(expected);
  });
});
