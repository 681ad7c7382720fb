import { createServer } from 'node:net';
import { CliError } from './exit-codes.js';

/** A port that a stack wants, and the flag that changes it. */
export interface WantedPort {
  readonly flag: string;
  readonly port: number;
  /** What listens there, for people. */
  readonly what: string;
}

/** The system's error for one address, or undefined where the port is free. */
async function tryListen(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Says of a port that cannot be had which one it is and which flag changes it. */
export function describePortError(wanted: WantedPort, host: string, error: NodeJS.ErrnoException): string {
  const place = `port ${wanted.port} on ${host} (${wanted.what})`;
  if (error.code === 'EADDRINUSE')
    return `${place} is in use; stop what uses it, or choose another with ${wanted.flag}`;
  if (error.code === 'EACCES')
    return `${place} may not be used by this user; choose one above 1023 with ${wanted.flag}`;
  if (error.code === 'EADDRNOTAVAIL') return `${host} is no address of this machine; choose another with --host`;
  return `${place} cannot be used: ${error.message}`;
}

/**
 * Finds out whether all ports are free before anything is started, so that every one that is not is named at once.
 * @throws CliError `port_in_use`.
 */
export async function checkPorts(host: string, wanted: readonly WantedPort[]): Promise<void> {
  const problems: string[] = [];
  for (const one of wanted) {
    const twin = wanted.find((other) => other !== one && other.port === one.port && one.port !== 0);
    if (twin) problems.push(`port ${one.port} is wanted twice, by ${one.flag} and ${twin.flag}; choose another`);
    const error = one.port === 0 ? undefined : await tryListen(host, one.port);
    if (error) problems.push(describePortError(one, host, error));
  }
  if (problems.length > 0)
    throw new CliError('port_in_use', [...new Set(problems)].join('\n        '), { retryable: true });
}
