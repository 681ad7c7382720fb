import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Told to the measured processes, which load our packages from there. */
export const DISTRIBUTION_VARIABLE = 'BENCH_DISTRIBUTION';

/** Whose entries are one file each when they are published. */
const IN_ONE_FILE = ['pricing', 'instrumentation'];

/**
 * Puts the packages into a directory as `npm pack` makes them: what a user starts is one file an entry, the work tree has
 * a hundred. @returns {{ directory: string, remove: () => void }} the directory of `@costel/node`
 */
export function stagePublished() {
  const staged = mkdtempSync(join(tmpdir(), 'costel-bench-published-'));
  const modules = join(staged, 'node_modules');
  mkdirSync(join(modules, '@costel'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@costel' && !name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  for (const name of ['semconv', 'pricing', 'instrumentation', 'node']) {
    const target = join(modules, '@costel', name);
    for (const part of ['dist', 'package.json'])
      cpSync(join(root, 'packages', name, part), join(target, part), { recursive: true });
    if (!IN_ONE_FILE.includes(name)) continue;
    const script = join(root, 'scripts', 'bundle-entries.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, join(target, 'dist')], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name} could not be put into one file: ${stderr}`);
  }
  return {
    directory: join(modules, '@costel', 'node'),
    remove: () => rmSync(staged, { recursive: true, force: true }),
  };
}
