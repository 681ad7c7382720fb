// `npm run test:faults`: faults and hostile input against the real stack and the real collector, and what they cost.
//   -- --kills 100      kills of the embedded stack and of the collector each (default 24 and a third of it)
//   -- --bodies 10000   mutated OTLP bodies (default 10000)
//   -- --long           ClickHouse away for 10 and for 60 minutes (default: one minute)
//   -- --minutes 60     ClickHouse away for so many minutes, and for no other length
//   -- --pause 75       milliseconds between two requests of each of the two senders meanwhile (75: about 340 calls a second)
//   -- --seed 7         repeats a run; every run prints its seed
// What else is given goes to vitest, e.g. a part of a file's name.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printHelp } from '../../scripts/print-help.mjs';
import { root, setup } from '../../scripts/setup.mjs';
import { runVitest } from '../../scripts/vitest.mjs';
import { buildCollector } from '../collector/build.mjs';
import { buildQueueCheck } from './build.mjs';

printHelp(import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '24' },
    bodies: { type: 'string', default: '10000' },
    long: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '0' },
    pause: { type: 'string', default: '75' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});

await setup();
const directory = join(root, '.cache', 'faults');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
try {
  process.stdout.write(`Seed ${values.seed}: repeat this run with --seed ${values.seed}\n`);
  const environment = {
    COSTEL_COLLECTOR: buildCollector(),
    COSTEL_QUEUE_CHECK: buildQueueCheck(directory),
    COSTEL_FAULTS_SEED: values.seed,
    COSTEL_FAULTS_KILLS: values.kills,
    COSTEL_FAULTS_BODIES: values.bodies,
    COSTEL_FAULTS_LONG: values.long ? '1' : '',
    COSTEL_FAULTS_MINUTES: values.minutes,
    COSTEL_FAULTS_PAUSE: values.pause,
    COSTEL_FAULTS_FIGURES: join(directory, 'figures.txt'),
    // One test forks engines on directories of their own; the default of four threads would make it wait for itself.
    UV_THREADPOOL_SIZE: '12',
  };
  const config = join(root, 'test', 'faults', 'vitest.config.ts');
  process.exit(runVitest(['--config', config, ...positionals], environment));
} catch (error) {
  process.stderr.write(`The fault tests could not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exit(1);
}
