// `npm run test:sdks`: the instrumentation with every SDK and version that the workspace itself does not install. They
// are an npm project of their own (package.json beside this file), installed here when its lockfile has changed, so that
// `npm start` need not fetch them. What is given goes to vitest.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printHelp } from '../../scripts/print-help.mjs';
import { root, setup } from '../../scripts/setup.mjs';
import { runVitest } from '../../scripts/vitest.mjs';

printHelp(import.meta.url);

const folder = join(root, 'test', 'sdk-versions');
const stamp = join(folder, 'node_modules', '.installed');

/** Installs what the lockfile says, unless that was done. */
function installSdks() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stdout.write('Installing the SDK versions (about 600 MB, half a minute) …\n');
  const npm = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) throw new Error(`npm install in ${folder} ended with ${npm.status ?? npm.signal}`);
  writeFileSync(stamp, wanted);
}

await setup();
installSdks();
process.exit(runVitest(['--config', 'test/sdk-versions/vitest.config.ts', ...process.argv.slice(2)]));
