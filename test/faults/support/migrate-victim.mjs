// Migrates a data directory and kills itself: `node migrate-victim.mjs DIRECTORY NEW_STATEMENTS`.
// Dies when so many new migrations have been run, the last of them not yet recorded. Ends with 0 when fewer were left.
import { migrate, openEmbeddedDatabase } from '@costel/store';

const [directory = '', statements = '2'] = process.argv.slice(2);
const db = await openEmbeddedDatabase({ dataDirectory: directory });
let run = -1; // the first command creates the log of migrations
const doomed = {
  query: (sql, parameters) => db.query(sql, parameters),
  insertRows: (table, rows) => db.insertRows(table, rows),
  insertFile: (insert) => db.insertFile(insert),
  close: () => db.close(),
  command: async (sql, parameters) => {
    await db.command(sql, parameters);
    run += 1;
    if (run === Number(statements)) process.kill(process.pid, 'SIGKILL');
  },
};
process.stdout.write('open\n');
await migrate(doomed);
await db.close();
