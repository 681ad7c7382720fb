import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '@costel/store';
import { describe, expect, it } from 'vitest';
import { CliError } from '../src/exit-codes.js';
import { explainFullDisk } from '../src/explain-full-disk.js';

const directory = join(tmpdir(), 'costel-no-such-directory', 'data');
const reason = 'Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)';

describe('a start on a full disk', () => {
  it.each([
    { from: 'Node', error: Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }) },
    { from: 'ClickHouse', error: new StoreError('query_failed', reason, { clickhouseCode: 243 }) },
    { from: 'a cause', error: new StoreError('data_directory_unusable', 'cannot', { cause: new Error(reason) }) },
  ])('says what is free, what is needed and what to do, not what $from said', ({ error }) => {
    const explained = explainFullDisk(error, directory) as CliError;
    expect(explained).toBeInstanceOf(CliError);
    expect(explained).toMatchObject({ code: 'disk_full', retryable: true, exitCode: 1, cause: error });
    expect(explained.message).toMatch(
      /^the disk of data directory \S+ is full \(\d+\.\d of \d+\.\d MiB are free\): a start needs 64 MiB\. Make room there, or choose another directory with --data; /,
    );
  });

  it('leaves every other error as it is', () => {
    const other = new StoreError('data_directory_in_use', 'a stack runs on it');
    expect(explainFullDisk(other, directory)).toBe(other);
    expect(explainFullDisk('text', directory)).toBe('text');
  });
});
