import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadWriteToken } from '../src/write-token.js';

describe('loadWriteToken', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'costel-token-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes a token once for a data directory and keeps it over restarts', () => {
    const token = loadWriteToken(folder);
    expect(token).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(loadWriteToken(folder)).toBe(token);
  });

  it('lets nobody but the owner read it', () => {
    loadWriteToken(folder);
    expect(statSync(join(folder, 'write-token')).mode & 0o777).toBe(0o600);
  });

  it('replaces a file that was cut off', () => {
    writeFileSync(join(folder, 'write-token'), 'abc');
    const token = loadWriteToken(folder);
    expect(token).toHaveLength(32);
    expect(loadWriteToken(folder)).toBe(token);
  });
});
