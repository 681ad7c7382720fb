// `npm run test:browser`: drives the page in a real Chromium. Where none is installed it is installed from the
// distribution's packages; where that is impossible the run fails and says so.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { printHelp } from '../../scripts/print-help.mjs';
import { root } from '../../scripts/setup.mjs';
import { runVitest } from '../../scripts/vitest.mjs';

printHelp(import.meta.url);

const candidates = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const findBrowser = () => candidates.find((path) => path !== undefined && existsSync(path));

if (!findBrowser()) {
  process.stderr.write('No Chromium found; installing the package "chromium" with apt-get …\n');
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', 'chromium'],
  ])
    spawnSync('apt-get', args, { stdio: ['ignore', 2, 2] });
}
const browser = findBrowser();
if (!browser) {
  process.stderr.write(
    'Chromium could not be installed. Install it and set CHROMIUM_PATH to its executable.\n0 passed, 1 failed\n',
  );
  process.exit(1);
}
process.exit(runVitest(['--config', join(root, 'test', 'browser', 'vitest.config.ts')], { CHROMIUM_PATH: browser }));
