// Makes one file of the many behind each main entry, for the package that is published: an application that loads prices
// at its start pays for each file (49 of them took 28 ms of the processor, one takes 7). The price modules stay files of
// their own. Runs before and after `npm pack`; the work tree keeps what the compiler wrote.
//   node scripts/bundle-entries.mjs [--undo] [DIRECTORY of the compiled package, default dist]
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [directory] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const dist = directory ?? join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const ENTRIES = [
  { file: join(dist, 'index.js'), format: 'esm' },
  { file: join(dist, 'cjs', 'index.js'), format: 'cjs' },
];
const keptName = (file) => `${file}.unbundled`;

// Also where a pack before broke off between the two.
for (const { file } of ENTRIES) if (existsSync(keptName(file))) renameSync(keptName(file), file);
if (!process.argv.includes('--undo')) {
  const { build } = await import('esbuild');
  for (const { file, format } of ENTRIES) {
    const { outputFiles } = await build({
      entryPoints: [file],
      bundle: true,
      write: false,
      format,
      platform: 'neutral',
      target: 'node20',
      legalComments: 'none',
      plugins: [
        {
          name: 'price modules stay files',
          setup: (building) =>
            building.onResolve({ filter: /\.generated\.js$/ }, ({ path }) => ({
              path: `./catalogue/${path.split('/').at(-1)}`,
              external: true,
            })),
        },
      ],
    });
    renameSync(file, keptName(file));
    writeFileSync(file, outputFiles[0].text);
  }
}
