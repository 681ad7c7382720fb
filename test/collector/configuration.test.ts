import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { collectorBinary, collectorDirectory } from './support/collector.js';

const folder = mkdtempSync(join(tmpdir(), 'costel-collector-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shipped = readFileSync(join(collectorDirectory, 'config.yaml'), 'utf8');

/** Lets the collector itself check a configuration. */
function validate(config: string): { readonly ok: boolean; readonly output: string } {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, config);
  const { status, stdout, stderr } = spawnSync(collectorBinary(), ['validate', '--config', file], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: process.env['PATH'], CLICKHOUSE_PASSWORD: 'secret-of-the-test' },
  });
  return { ok: status === 0, output: `${stdout}${stderr}` };
}

describe('the collector’s configuration', () => {
  it('is valid as it is shipped', () => {
    expect(validate(shipped)).toEqual({ ok: true, output: '' });
  });

  it('is refused when an option is misspelt, so the check above means something', () => {
    const { ok, output } = validate(shipped.replace('block_on_overflow', 'block_on_overflw'));
    expect(ok).toBe(false);
    expect(output).toContain('block_on_overflw');
  });

  it('ships exactly the components that the manifest names, in its versions', () => {
    interface Manifest {
      readonly [kind: string]: readonly { readonly gomod: string }[] | object;
    }
    const manifest = parse(readFileSync(join(collectorDirectory, 'builder.yaml'), 'utf8')) as Manifest;
    const wanted = Object.values(manifest)
      .filter((part): part is readonly { readonly gomod: string }[] => Array.isArray(part))
      .flatMap((part) => part.map(({ gomod }) => gomod));
    const { stdout } = spawnSync(collectorBinary(), ['components'], { encoding: 'utf8' });
    const built = [...stdout.matchAll(/module: (\S+ \S+)/g)].map(([, module]) => module);
    expect(built.toSorted()).toEqual(wanted.toSorted());
  });
});
