// Bundles the page into dist/web/ with esbuild: one script, one style sheet, nothing from elsewhere.
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(packageFolder, 'page');
const output = join(packageFolder, 'dist', 'web');

mkdirSync(output, { recursive: true });
await build({
  entryPoints: { page: join(page, 'src', 'main.tsx') },
  outdir: output,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg']) copyFileSync(join(page, file), join(output, file));
