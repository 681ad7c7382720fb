// Opens a data directory and a receiver on it, prints the port, and runs until it is killed.
import { createReceiver } from '@costel/receiver';
import { migrate, openEmbeddedDatabase } from '@costel/store';

const database = await openEmbeddedDatabase({ dataDirectory: process.argv[2] });
await migrate(database);
const receiver = createReceiver({ database });
const { port } = await receiver.listen(0);
process.stdout.write(`${port}\n`);
