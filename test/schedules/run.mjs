// `npm run test:schedules`: the store's schedules at full length: random ones, orders of two writers and a builder, and a
// million user ids. `npm test` runs the same files with fewer.
//   -- --schedules 20000   random schedules (default 10000)
//   -- --orders 210        of the 7! / (2! 2! 3!) = 210 orders of two writers and a builder (default 60, chosen by the seed)
//   -- --users 1000000     user ids in ten minutes (default 1000000)
//   -- --seed 7            repeats a run; every run prints its seed
// What else is given goes to vitest.
import { parseArgs } from 'node:util';
import { printHelp } from '../../scripts/print-help.mjs';
import { setup } from '../../scripts/setup.mjs';
import { runVitest } from '../../scripts/vitest.mjs';

printHelp(import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    schedules: { type: 'string', default: '10000' },
    orders: { type: 'string', default: '60' },
    users: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});

await setup();
process.stdout.write(`Seed ${values.seed}: repeat this run with --seed ${values.seed}\n`);
const environment = {
  SCHEDULES: values.schedules,
  SCHEDULES_SEED: values.seed,
  INTERLEAVINGS: values.orders,
  MILLION_USERS: values.users,
};
process.exit(runVitest(['packages/store/test/schedules', ...positionals], environment));
