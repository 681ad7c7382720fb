import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LEDGER_VIEWS, migrate, openEmbeddedDatabase, type EmbeddedDatabase } from '@costel/store';
import { prepareKillRepair } from '../../src/repair-after-kill.js';

/** Four days before it was received: late spans are compared as well. */
const STARTED_MS = Date.now() - 4 * 86_400_000;
const KILLED_MS = Date.now() - 3_600_000;

describe('what a kill left in the raw table alone', () => {
  const directory = mkdtempSync(join(tmpdir(), 'costel-kill-repair-'));
  const state = join(directory, 'state');
  const marker = join(state, 'receiving');
  const said: string[] = [];
  const log = (_level: string, message: string): void => void said.push(message);
  let db: EmbeddedDatabase;

  beforeAll(async () => {
    db = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data') });
    await migrate(db);
  });
  afterAll(async () => {
    await db.close();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    rmSync(state, { recursive: true, force: true });
    mkdirSync(state);
    said.length = 0;
    for (const table of ['otel_traces', 'llm_calls']) await db.command(`TRUNCATE TABLE ${table}`);
    for (const view of LEDGER_VIEWS) await db.command(`DETACH TABLE ${view}`);
    await insertSpan('gap', KILLED_MS);
    for (const view of LEDGER_VIEWS) await db.command(`ATTACH TABLE ${view}`);
  });

  async function insertSpan(spanId: string, receivedMs: number): Promise<void> {
    const text = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
    await db.insertRows('otel_traces', [
      {
        Timestamp: text(STARTED_MS),
        TraceId: 'a'.repeat(32),
        SpanId: spanId,
        SpanAttributes: { 'gen_ai.operation.name': 'chat' },
        ReceivedAt: text(receivedMs),
      },
    ]);
  }

  const ledgerIds = async (): Promise<readonly string[]> =>
    (await db.query<{ span_id: string }>('SELECT span_id FROM llm_calls FINAL ORDER BY span_id')).map(
      (row) => row.span_id,
    );

  it('is derived although the stack came back an hour later and had received new rows first', async () => {
    writeFileSync(marker, '');
    const repair = await prepareKillRepair(state, db, log);
    await insertSpan('new', Date.now());
    await repair.run();
    expect(await ledgerIds()).toEqual(['gap', 'new']);
    expect(said).toEqual(['the stack was killed; ledger rows that were missing have been derived again']);
    repair.leave();
    expect(existsSync(marker)).toBe(false);
  });

  it('is derived by the start after next where the repair itself was killed', async () => {
    writeFileSync(marker, '');
    await prepareKillRepair(state, db, log);
    await insertSpan('new', Date.now());
    await (await prepareKillRepair(state, db, log)).run();
    expect(await ledgerIds()).toEqual(['gap', 'new']);
  });

  it('is still to be done where the stack stopped before it was', async () => {
    writeFileSync(marker, '');
    const repair = await prepareKillRepair(state, db, log);
    repair.leave();
    expect(existsSync(marker)).toBe(true);
  });

  it('is looked for only where a stack was killed', async () => {
    const repair = await prepareKillRepair(state, db, log);
    await repair.run();
    expect([await ledgerIds(), said]).toEqual([[], []]);
    repair.leave();
    expect(existsSync(marker)).toBe(false);
  });
});
