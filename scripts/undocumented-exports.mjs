// Finds what a package hands out without saying what it is: every name that its entry points export must have a
// docstring where it is declared.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './setup.mjs';

const ENTRIES = ['src/index.ts', 'src/preload.ts', 'src/price-data/index.ts'];
const DECLARED = 'export (?:declare )?(?:abstract )?(?:async )?(?:function\\*?|const|class|interface|type)';
const DOCSTRING_AT_END = /\/\*\*(?:(?!\*\/)[^])*\*\/\n$/;

/** Names that a module exports, each with the file that it is taken from. @param {string} file */
function exportsOf(file) {
  const text = readFileSync(file, 'utf8');
  const taken = [...text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from '(\.[^']+)\.js')?;/gm)].flatMap(
    ([, names = '', from]) =>
      [...names.matchAll(/(?:type )?(\w+)(?: as \w+)?\s*(?:,|$)/g)].map(([, name = '']) => ({
        name,
        file: from === undefined ? file : join(dirname(file), `${from}.ts`),
      })),
  );
  const declared = [...text.matchAll(new RegExp(`^${DECLARED} (\\w+)`, 'gm'))].map(([, name = '']) => ({ name, file }));
  return [...taken, ...declared];
}

/** @param {{ name: string, file: string }} exported @returns {{ file: string, line: number, what: string }[]} */
function check({ name, file }) {
  const text = readFileSync(file, 'utf8');
  const match = new RegExp(`^${DECLARED} ${name}\\b`, 'm').exec(text);
  if (match === null) {
    const source = exportsOf(file).find((other) => other.name === name && other.file !== file);
    if (source !== undefined) return check(source);
    return [{ file: relative(root, file), line: 1, what: `the export ${name} is declared in no known way` }];
  }
  const before = text.slice(0, match.index);
  if (DOCSTRING_AT_END.test(before)) return [];
  return [{ file: relative(root, file), line: before.split('\n').length, what: `the export ${name} has no docstring` }];
}

/** Every export of a package's entry points without a docstring, by place. */
export function findUndocumentedExports() {
  return readdirSync(join(root, 'packages')).flatMap((name) =>
    ENTRIES.map((entry) => join(root, 'packages', name, entry))
      .filter((entry) => existsSync(entry))
      .flatMap((entry) => exportsOf(entry).flatMap(check)),
  );
}
