import { once } from 'node:events';
import { createServer } from 'node:net';

/** What {@link freePort} gave out in this process. @type {Set<number>} */
const givenPorts = new Set();

/**
 * A port that was free a moment ago, each time another.
 * @returns {Promise<number>}
 */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('a server that listens has no port');
  // The system may name a port again as soon as it is free, and two parts of one stack would ask for it.
  if (givenPorts.has(address.port)) return freePort();
  givenPorts.add(address.port);
  return address.port;
}
