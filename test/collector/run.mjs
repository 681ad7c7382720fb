// `npm run test:collector`: builds the collector (kept from then on) and tests it end to end against the embedded stack.
import { join } from 'node:path';
import { printHelp } from '../../scripts/print-help.mjs';
import { root } from '../../scripts/setup.mjs';
import { runVitest } from '../../scripts/vitest.mjs';
import { buildCollector } from './build.mjs';

printHelp(import.meta.url);

try {
  const binary = buildCollector();
  const config = join(root, 'test', 'collector', 'vitest.config.ts');
  process.exit(
    runVitest(['--config', config, ...process.argv.slice(2)], { COSTEL_COLLECTOR: binary, UV_THREADPOOL_SIZE: '12' }),
  );
} catch (error) {
  process.stderr.write(`The collector could not be built: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exit(1);
}
