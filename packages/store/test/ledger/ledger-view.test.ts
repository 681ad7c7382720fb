import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerViewMigrations } from '../../src/ledger/ledger-view.js';
import { LEDGER_COLUMNS } from '../../src/ledger/ledger-columns.js';
import { USAGE_COLUMNS } from '../../src/ledger/buckets.js';
import { openTestStore, type TestStore } from '../support/test-store.js';

describe('the generated ledger view', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  it.each(Object.entries(ledgerViewMigrations()))(
    'is committed as it is generated: %s (update with vitest -u, or add a migration once it is released)',
    async (name, sql) => {
      await expect(sql).toMatchFileSnapshot(`../../sql/migrations/${name}.sql`);
    },
  );

  it('fills every stored column of the ledger, in its order', async () => {
    const stored = await store.db.query<{ name: string }>(
      "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'llm_calls' AND default_kind != 'ALIAS' ORDER BY position",
    );
    expect(stored.map((column) => column.name)).toEqual(LEDGER_COLUMNS);
    expect(LEDGER_COLUMNS.filter((column) => column.startsWith('usage_') && column !== 'usage_quality')).toEqual([
      ...USAGE_COLUMNS,
      'usage_more',
    ]);
  });
});
