// `node dashboards/build.mjs`: writes dashboards/grafana/*.json from dashboards/src. Node 20 runs no TypeScript, so the
// sources are bundled first. A test fails while the committed files differ from what this writes.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, '..', '.cache', 'dashboards');
const bundle = join(folder, `render-${process.pid}.mjs`);
mkdirSync(folder, { recursive: true });
try {
  await build({
    entryPoints: [join(here, 'src', 'render.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  const { renderDashboards } = await import(pathToFileURL(bundle).href);
  for (const { file, json } of renderDashboards()) {
    writeFileSync(join(here, 'grafana', file), json);
    process.stdout.write(`dashboards/grafana/${file}\n`);
  }
} finally {
  rmSync(bundle, { force: true });
}
