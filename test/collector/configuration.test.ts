import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { collectorBinary, collectorDirectory } from './support/collector.js';

const folder = mkdtempSync(join(tmpdir(), 'costel-collector-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shipped = readFileSync(join(collectorDirectory, 'config.yaml'), 'utf8');

/** Lets the collector itself check a configuration, with others merged over it. */
function validate(
  config: string,
  fragments: readonly string[] = [],
): { readonly ok: boolean; readonly output: string } {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, config);
  const files = [file, ...fragments.map((name) => join(collectorDirectory, name))];
  const { status, stdout, stderr } = spawnSync(
    collectorBinary(),
    ['validate', ...files.flatMap((path) => ['--config', path])],
    {
      encoding: 'utf8',
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        CLICKHOUSE_PASSWORD: 'secret-of-the-test',
        TAIL_ENDPOINT: 'http://tail.example:4318',
        SIGNOZ_INGESTION_KEY: 'key-of-the-test',
      },
    },
  );
  return { ok: status === 0, output: `${stdout}${stderr}` };
}

describe('the collector’s configuration', () => {
  const combinations = [
    [],
    ['tail.yaml'],
    ['tail.yaml', 'signoz-cloud.yaml'],
    ['keep-content.yaml'],
    ['tail.yaml', 'signoz-cloud.yaml', 'keep-content.yaml'],
  ];

  it.each(combinations)('is valid as it is shipped, with %j %j %j', (...fragments: string[]) => {
    expect(validate(shipped, fragments)).toEqual({ ok: true, output: '' });
  });

  it('is tried above with every file that is shipped', () => {
    const files = readdirSync(collectorDirectory).filter((file) => file.endsWith('.yaml'));
    const tried = new Set(['builder.yaml', 'config.yaml', ...combinations.flat()]);
    expect(new Set(files)).toEqual(tried);
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
