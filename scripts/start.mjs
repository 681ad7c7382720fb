// `npm start`: set up, then run the embedded stack in this process. Flags go to `costel up`, e.g. `npm start -- --port 5320`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup } from './setup.mjs';

await setup();
process.argv.splice(2, 0, 'up');
await import(pathToFileURL(join(root, 'packages', 'cli', 'bin', 'costel.mjs')).href);
