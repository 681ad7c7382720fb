// A process that raises one alert, delivers what is due, prints its report and ends; or dies by SIGKILL at a step.
// Arguments: data directory, receiver's URL, now (ms since 1970), step to die at or "none".
import { migrate, openEmbeddedDatabase, readMigrations } from '@costel/store';

import { createOutbox, createWebhookChannel } from '../../dist/index.js';

const [dataDirectory, url, now, step] = process.argv.slice(2);

function dieAt(name) {
  if (step === name) process.kill(process.pid, 'SIGKILL');
}

const engine = await openEmbeddedDatabase({ dataDirectory });
await migrate(engine, { migrations: readMigrations().filter(({ number }) => number >= 200 && number < 300) });

const database = {
  query: (sql, parameters) => engine.query(sql, parameters),
  command: (sql, parameters) => engine.command(sql, parameters),
  insertFile: (insert) => engine.insertFile(insert),
  insertRows: async (table, rows) => {
    dieAt(`before ${table}`);
    await engine.insertRows(table, rows);
    dieAt(`after ${table}`);
  },
  close: () => engine.close(),
};

const outbox = createOutbox({
  database,
  clock: () => Number(now),
  channels: [createWebhookChannel({ name: 'hook', url, isPrivateAllowed: true })],
});
await outbox.raise([
  {
    key: 'a1',
    kind: 'budget_threshold',
    severity: 'critical',
    scope: {},
    spentUsd: '10',
    limitUsd: '10',
    thresholdPercent: 100,
    message: 'the budget is spent',
    startedAtMs: Number(now),
    isLate: false,
    url: 'http://127.0.0.1:4320/',
    channels: ['hook'],
  },
]);
const report = await outbox.deliverPending();
const records = await outbox.listAlerts({ sinceMs: 0 });
process.stdout.write(JSON.stringify({ report, records }));
await engine.close();
