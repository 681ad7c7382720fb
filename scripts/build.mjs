// Compiles the packages (only what changed) and bundles the page.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** @param {string[]} args */
function node(args) {
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

node([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b']);

// The CommonJS half of a dual package needs its own package type; tsc does not write one.
for (const name of ['semconv', 'pricing', 'instrumentation']) {
  const marker = join(root, 'packages', name, 'dist', 'cjs', 'package.json');
  if (!existsSync(marker)) writeFileSync(marker, '{ "type": "commonjs" }\n');
}

const pageBuild = join(root, 'packages', 'aggregator', 'scripts', 'build-page.mjs');
if (existsSync(pageBuild)) node([pageBuild]);
