// `npm run demo`: set up, then send live traffic through the real SDKs and compare costs. Flags go to the demo, e.g.
// `npm run demo -- --keep-going`.
import { runDemo } from '../examples/demo/src/main.mjs';
import { setup } from './setup.mjs';

await setup();
process.exitCode = await runDemo(process.argv.slice(2));
