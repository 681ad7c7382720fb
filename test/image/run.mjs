// `npm run test:image`: does in a folder what deploy/aggregator.Dockerfile does, and starts what comes out as the image would.
import { join } from 'node:path';
import { printHelp } from '../../scripts/print-help.mjs';
import { root } from '../../scripts/setup.mjs';
import { runVitest } from '../../scripts/vitest.mjs';

printHelp(import.meta.url);

const config = join(root, 'test', 'image', 'vitest.config.ts');
process.exit(runVitest(['--config', config, ...process.argv.slice(2)]));
