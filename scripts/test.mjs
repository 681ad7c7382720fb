// `npm test`: set up, then run every test that needs nothing but Node. Arguments go to vitest, e.g. `npm test -- packages/pricing`.
import { printHelp } from './print-help.mjs';
import { setup } from './setup.mjs';
import { runVitest } from './vitest.mjs';

printHelp(import.meta.url);

await setup();
process.exit(runVitest(process.argv.slice(2)));
