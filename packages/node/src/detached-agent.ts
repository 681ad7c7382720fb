import type { Agent as HttpAgent } from 'node:http';
import type { Duplex } from 'node:stream';

function detach(socket: unknown): void {
  (socket as { unref?: () => void } | null | undefined)?.unref?.();
}

/**
 * A keep-alive agent whose connections do not keep the process alive: a receiver that accepts and never answers must
 * not hold a finished application. Whoever waits for an export keeps the process alive with a timer of its own.
 */
export async function detachedAgent(protocol: string): Promise<HttpAgent> {
  const { Agent } = await (protocol === 'http:' ? import('node:http') : import('node:https'));
  const agent = new Agent({ keepAlive: true });
  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    const socket: Duplex | null | undefined = createConnection(...args);
    detach(socket);
    return socket;
  };
  const reuseSocket = agent.reuseSocket.bind(agent);
  agent.reuseSocket = (socket, request) => {
    // Takes the listener of the idle time off, and a reference on the process, which is given back.
    reuseSocket(socket, request);
    detach(socket);
  };
  return agent;
}
