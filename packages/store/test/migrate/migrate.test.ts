import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  migrate,
  openEmbeddedDatabase,
  readMigrations,
  renderStatements,
  type EmbeddedDatabase,
} from '../../src/index.js';

describe('migrations', () => {
  let db: EmbeddedDatabase;
  const dataDirectory = mkdtempSync(join(tmpdir(), 'costel-migrate-'));
  const migrations = readMigrations();
  beforeAll(async () => {
    db = await openEmbeddedDatabase({ dataDirectory });
  });
  afterAll(async () => {
    await db.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  it('are applied once by two runners at the same time', async () => {
    const [first, second] = await Promise.all([migrate(db), migrate(db)]);
    expect(first.applied.length + first.alreadyApplied.length).toBe(migrations.length);
    expect(second.applied.length + second.alreadyApplied.length).toBe(migrations.length);
    expect((await migrate(db)).applied).toEqual([]);
  });

  it('go on where an interrupted run stopped', async () => {
    await db.command('DELETE FROM schema_migrations WHERE number > 12');
    const { applied } = await migrate(db);
    expect(applied).toEqual(
      migrations
        .filter(({ number }) => number > 12)
        .map(({ number, name }) => `${String(number).padStart(4, '0')}_${name}`),
    );
  });

  it('refuse a text that differs from what was applied', async () => {
    const changed = migrations.map((migration) =>
      migration.number === 12 ? { ...migration, checksum: 'f'.repeat(64) } : migration,
    );
    await expect(migrate(db, { migrations: changed })).rejects.toMatchObject({ code: 'migration_changed' });
  });

  it('are one statement each that parses, on one machine and on a cluster', async () => {
    for (const migration of migrations) {
      for (const target of [{ database: 'costel' }, { database: 'costel', cluster: { name: 'main' } }]) {
        for (const sql of renderStatements(migration, target)) {
          expect(sql.replaceAll(/--.*$/gm, '').trimEnd()).not.toMatch(/;/);
          await expect(db.query(`EXPLAIN AST ${sql.replaceAll(/^--.*$/gm, '')}`)).resolves.not.toEqual([]);
        }
      }
    }
  });

  it('write our own columns after the exporter’s, with a default', async () => {
    const tables = await db.query<{ table: string; last: string; kind: string }>(
      `SELECT table, argMax(name, position) AS last, argMax(default_kind, position) AS kind
       FROM system.columns WHERE database = 'costel' AND table LIKE 'otel\\_%' AND table NOT LIKE '%trace_id_ts%' GROUP BY table ORDER BY table`,
    );
    expect(tables).toHaveLength(7);
    for (const { last, kind } of tables) expect([last, kind]).toEqual(['ReceivedAt', 'DEFAULT']);
  });

  it('survive an insert that names the exporter’s columns only', async () => {
    await db.command(
      "INSERT INTO otel_traces (Timestamp, TraceId, SpanId, SpanAttributes) VALUES (now64(9), 't', 's', map('gen_ai.operation.name', 'chat'))",
    );
    const [row] = await db.query<{ fresh: number }>(
      "SELECT received_at > now64(3) - INTERVAL 1 MINUTE AS fresh FROM llm_calls WHERE span_id = 's'",
    );
    expect(row).toEqual({ fresh: 1 });
  });
});
