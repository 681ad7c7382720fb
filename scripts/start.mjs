// `npm start` (through start.cjs): set up, then run the embedded stack in this process. Flags go to `costel up`, e.g. `npm start -- --port 5320`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup } from './setup.mjs';

await setup();
// Without a configuration of one's own the demo's: its budgets make `npm run demo` show alerts at work.
const ownConfig = ['costel.yaml', 'costel.yml', 'costel.toml', 'costel.json'].some((name) => existsSync(name));
if (!ownConfig && !process.env['COSTEL_CONFIG']) {
  process.env['COSTEL_CONFIG'] = join(root, 'examples', 'demo', 'costel.yaml');
}
process.argv.splice(2, 0, 'up');
await import(pathToFileURL(join(root, 'packages', 'cli', 'bin', 'costel.cjs')).href);
