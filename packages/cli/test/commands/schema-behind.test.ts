import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/run-cli.js';

const directory = mkdtempSync(join(tmpdir(), 'costel-schema-'));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('a data directory whose first start was cut off', () => {
  it.each([
    ['costs'],
    ['export', 'calls', '--from', '2026-11-01'],
    ['repair', '--from', '2026-11-01'],
    ['reprice', '--from', '2026-11-01'],
  ])('is named by "%s" with what to do, in place of a table that the engine does not know', async (...args) => {
    const { code, stderr } = await runCommand([...args, '--data', directory]);
    expect({ code, last: stderr.trim().split('\n').at(-1) }).toEqual({
      code: 1,
      last: expect.stringMatching(
        /^costel: .+ lacks \d+ of this version's migrations \(from 0001_\w+ on\): .+ run "costel migrate" first/,
      ),
    });
  });

  it('answers once "costel migrate" has run', async () => {
    expect((await runCommand(['migrate', '--data', directory])).code).toBe(0);
    const { code, stdout } = await runCommand(['costs', '--data', directory]);
    expect(code).toBe(0);
    expect(stdout).toContain('all calls');
  });
});
