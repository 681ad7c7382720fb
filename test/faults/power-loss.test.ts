import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate, openEmbeddedDatabase, type EmbeddedDatabase } from '@costel/store';
import { readFileSync } from 'node:fs';
import { printFigure } from './support/figures.js';

/*
 * A kill leaves the page cache to the kernel, so it cannot show what a power cut does. These tests hold the two things
 * that durability under a power cut rests on: the setting is on every table that an acknowledgement stands for, and the
 * engine does call fsync on files and directories before an insert returns.
 */

/** What cannot be derived from another table. Verdicts, progress, edges and rollups can. */
const MUST_SYNC: readonly string[] = [
  'otel_traces',
  'otel_logs',
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
  'otel_metrics_summary',
  'llm_calls',
  'llm_rates',
  'published',
  'alert_events',
  'alert_claims',
  'alert_deliveries',
];

describe('before a request is acknowledged', () => {
  const directory = mkdtempSync(join(tmpdir(), 'costel-faults-power-'));
  let db: EmbeddedDatabase;
  beforeAll(async () => {
    db = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data') });
    await migrate(db);
  });
  afterAll(async () => {
    await db.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('every table that it stands for is set to sync parts and their directories', async () => {
    const rows = await db.query<{ name: string; engine_full: string }>(
      'SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()',
    );
    const unsynced = MUST_SYNC.filter((name) => {
      const engine = rows.find((row) => row.name === name)?.engine_full ?? '';
      return !engine.includes('fsync_after_insert = 1') || !engine.includes('fsync_part_directory = 1');
    });
    expect(unsynced).toEqual([]);
  });

  it('the engine has synced the files and the directories of its raw and its ledger part', async () => {
    const synced = await syncsDuring(db, () =>
      db.command(
        "INSERT INTO otel_traces (Timestamp, TraceId, SpanId, SpanAttributes) VALUES (now64(9), 't', 's', map('gen_ai.operation.name', 'chat'))",
      ),
    );
    const [parts] = await db.query<{ raw: string; ledger: string }>(
      `SELECT countIf(table = 'otel_traces') AS raw, countIf(table = 'llm_calls') AS ledger
       FROM system.parts WHERE database = currentDatabase() AND active`,
    );
    expect(parts).toEqual({ raw: '1', ledger: '1' });
    // A directory for each of the two parts, and at least a data and a checksum file in each.
    expect(synced.directories).toBeGreaterThanOrEqual(2);
    expect(synced.files).toBeGreaterThanOrEqual(4);
    printFigure('fsync during one acknowledged insert', synced);
  });

  it('the outbox is synced as well', async () => {
    const synced = await syncsDuring(db, () => db.command("INSERT INTO alert_events (kind) VALUES ('test')"));
    expect(synced.files).toBeGreaterThan(0);
    expect(synced.directories).toBeGreaterThan(0);
  });

  it('the collector has synced its queue', () => {
    const config = readFileSync(join(import.meta.dirname, '../../collector/config.yaml'), 'utf8');
    expect(config).toMatch(/file_storage:\n(?:\s+.*\n)*?\s+fsync: true/);
  });
});

async function syncsDuring(
  db: EmbeddedDatabase,
  work: () => Promise<void>,
): Promise<{ files: number; directories: number }> {
  const before = await syncs(db);
  await work();
  const after = await syncs(db);
  return { files: after.files - before.files, directories: after.directories - before.directories };
}

async function syncs(db: EmbeddedDatabase): Promise<{ files: number; directories: number }> {
  const [row] = await db.query<{ files: string; directories: string }>(
    `SELECT sumIf(value, event = 'FileSync') AS files, sumIf(value, event = 'DirectorySync') AS directories
     FROM system.events`,
  );
  return { files: Number(row?.files), directories: Number(row?.directories) };
}
