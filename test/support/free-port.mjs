import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to connections and to servers that ask for any: nobody gets one of these by chance. */
const FIRST_PORT = 10_000;
const PORTS = 20_000;

/** Where this process looks next; processes that run at the same time begin at other places. */
let next = (process.pid * 97) % PORTS;

/**
 * A port that is free and that nothing but another caller of this function will take, each time another. (A port that the
 * system named may be given to any connection before the server that it is for listens there.)
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (let tried = 0; tried < PORTS; tried += 1) {
    const port = FIRST_PORT + next;
    next = (next + 1) % PORTS;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} is free`);
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
async function isFree(port) {
  const server = createServer().listen(port, '127.0.0.1');
  if (!(await once(server, 'listening').then(Boolean, () => false))) return false;
  await new Promise((closed) => server.close(closed));
  return true;
}
