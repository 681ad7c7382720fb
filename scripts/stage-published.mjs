import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What an application installs. */
const PUBLISHED = ['semconv', 'pricing', 'instrumentation', 'node'];

/** Whose entries are one file each when they are published. */
const IN_ONE_FILE = ['semconv', 'pricing', 'instrumentation'];

/** What `npm pack` has no use for. */
const UNPUBLISHED = new Set(['src', 'test', 'scripts', 'node_modules']);

/**
 * Puts the packages that an application installs into a directory as they are before `npm pack` picks its files: what a
 * user starts is one file an entry, where the work tree has a hundred.
 * @returns {{ root: string, directoryOf: (name: string) => string, remove: () => void }} where an application would be,
 *   and where each package is
 */
export function stagePublished() {
  const staged = mkdtempSync(join(tmpdir(), 'costel-published-'));
  const modules = join(staged, 'node_modules');
  const directoryOf = (/** @type {string} */ name) => join(modules, '@costel', name);
  mkdirSync(join(modules, '@costel'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@costel' && !name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  for (const name of PUBLISHED) {
    const source = join(root, 'packages', name);
    for (const part of readdirSync(source))
      if (!UNPUBLISHED.has(part)) cpSync(join(source, part), join(directoryOf(name), part), { recursive: true });
    if (!IN_ONE_FILE.includes(name)) continue;
    const script = join(root, 'scripts', 'bundle-entries.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, join(directoryOf(name), 'dist')], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${name} could not be put into one file: ${stderr}`);
  }
  return { root: staged, directoryOf, remove: () => rmSync(staged, { recursive: true, force: true }) };
}
