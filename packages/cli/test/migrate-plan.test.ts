import { describe, expect, it } from 'vitest';
import { runCommand } from './support/run-cli.js';

describe('costel migrate --dry-run', () => {
  it('prints every statement for one machine, and runs none', async () => {
    const { code, stdout } = await runCommand(['migrate', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('CREATE TABLE IF NOT EXISTS costel.llm_calls  (');
    expect(stdout).not.toMatch(/ON CLUSTER|Distributed\(/);
  });

  it('prints replicated and distributed tables for a cluster', async () => {
    const { code, stdout } = await runCommand(['migrate', '--cluster', 'main', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('CREATE TABLE IF NOT EXISTS costel.llm_calls ON CLUSTER `main` (');
    expect(stdout).toContain("ENGINE = Distributed('main', 'costel', 'llm_calls', cityHash64(trace_id));");
  });

  it('takes a cluster only with a server, and only by a name that is one', async () => {
    const bare = await runCommand(['migrate', '--cluster', 'main']);
    expect(bare).toMatchObject({ code: 2, stdout: '' });
    expect(bare.stderr).toContain('CLICKHOUSE_URL');
    const hostile = await runCommand(['migrate', '--cluster', 'a` b', '--dry-run']);
    expect(hostile.code).not.toBe(0);
    expect(hostile.stdout).toBe('');
  });
});
