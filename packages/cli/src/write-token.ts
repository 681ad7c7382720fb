import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDataDirectory } from '@costel/store';

const FILE_NAME = 'write-token';

/** 24 random bytes in base64url are 32 characters; a shorter file was not written by us or was cut off. */
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{32}$/;

/**
 * The token that lets its bearer write through the ClickHouse interface: made once for a data directory, readable by
 * its owner alone, and kept, so that a collector beside the stack need not be told a new one after every restart.
 * @throws StoreError `data_directory_unusable`.
 */
export function loadWriteToken(dataDirectory: string): string {
  const path = join(dataDirectory, FILE_NAME);
  const kept = readKeptToken(path);
  if (kept !== undefined) return kept;
  const token = randomBytes(24).toString('base64url');
  prepareDataDirectory(dataDirectory);
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  return token;
}

function readKeptToken(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return TOKEN_PATTERN.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
