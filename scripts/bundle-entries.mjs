// Makes one file of the many behind the main entries of a package that is published, the ES module and the CommonJS one:
// an application pays for each file at its start (the 49 of the prices took 28 ms of the processor, one takes 7; the
// hundred of the instrumentation 29, one takes 11; the seven of the conventions 4, one 1.3). Both come from the ES modules,
// whose names need no look-up once they are one. Price modules stay files of their own. Runs before and after `npm pack`;
// the work tree keeps what the compiler wrote.
//   node scripts/bundle-entries.mjs [--undo] [DIRECTORY of the compiled package, default dist]
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [directory = 'dist'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const dist = resolve(directory);
const ENTRIES = [
  { file: join(dist, 'index.js'), format: 'esm' },
  { file: join(dist, 'cjs', 'index.js'), format: 'cjs' },
];

/**
 * A CommonJS file asks the exports of another package for a name each time that it uses it, and TypeScript makes these
 * exports functions: 5 of 40 µs that a call of an LLM takes longer. Here each name is looked up when the file is loaded.
 */
const namesLookedUpOnce = {
  name: 'names of other packages are looked up once',
  setup: (building) => {
    building.onResolve({ filter: /^@?[a-z]/ }, ({ path, kind, namespace }) =>
      namespace === 'file' && kind === 'import-statement' ? { path, namespace: 'names-of' } : undefined,
    );
    building.onResolve({ filter: /.*/, namespace: 'names-of' }, ({ path }) => ({ path, external: true }));
    building.onLoad({ filter: /.*/, namespace: 'names-of' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== 'default' && name !== 'module.exports');
      return { contents: `export const { ${names.join(', ')} } = require(${JSON.stringify(path)});` };
    });
  },
};

const keptName = (file) => `${file}.unbundled`;

// Also where a pack before broke off between the two.
for (const { file } of ENTRIES) if (existsSync(keptName(file))) renameSync(keptName(file), file);
if (!process.argv.includes('--undo')) {
  const { build } = await import('esbuild');
  const bundled = await Promise.all(
    ENTRIES.map(({ format }) =>
      build({
        entryPoints: [join(dist, 'index.js')],
        bundle: true,
        write: false,
        format,
        platform: 'neutral',
        packages: 'external',
        target: 'node20',
        legalComments: 'none',
        // Node reads each character at each start: 6 of 15 ms of the prices, 4 of 13 of the instrumentation. Names stay.
        minifyWhitespace: true,
        plugins: [
          ...(format === 'cjs' ? [namesLookedUpOnce] : []),
          {
            name: 'price modules stay files',
            setup: (building) =>
              building.onResolve({ filter: /\.generated\.js$/ }, ({ path }) => ({
                path: `./catalogue/${path.split('/').at(-1)}`,
                external: true,
              })),
          },
        ],
      }),
    ),
  );
  for (const [index, { file }] of ENTRIES.entries()) {
    const text = bundled[index]?.outputFiles[0]?.text ?? '';
    renameSync(file, keptName(file));
    writeFileSync(file, text);
  }
}
