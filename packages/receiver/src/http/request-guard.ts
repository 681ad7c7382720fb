const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** Splits `name:port` as a Host header has it; an IPv6 address keeps its brackets. */
function splitHost(host: string): { readonly name: string; readonly port: string } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host.trim().toLowerCase());
  return { name: match?.[1] ?? '', port: match?.[2] ?? '' };
}

/** What a request says of where it comes from and whom it is for. */
export interface Sender {
  /** The `Host` header, or `:authority`. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** The address of this machine that the connection came in on. */
  readonly localAddress: string | undefined;
}

/** Decides whether the sender of a request may talk to this port at all. */
export interface RequestGuard {
  /** Why the request is refused, or undefined where it may pass. */
  check(sender: Sender): 'forbidden_host' | 'forbidden_origin' | undefined;
}

/**
 * Keeps web pages out. A page cannot send a request without an `Origin` header that it did not choose, so any origin not
 * in `allowedOrigins` is refused; a name that an attacker has pointed at this machine (DNS rebinding) shows in `Host`,
 * so only loopback names, the address that the connection came in on, and `allowedHosts` (`name` or `name:port`) pass.
 */
export function createRequestGuard(allowedHosts: readonly string[], allowedOrigins: readonly string[]): RequestGuard {
  const hosts = new Set([...LOOPBACK_HOSTS, ...allowedHosts.map((host) => host.toLowerCase())]);
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  return {
    check({ host, origin, localAddress }) {
      const { name, port } = splitHost(host ?? '');
      const isKnown = hosts.has(name) || hosts.has(`${name}:${port}`) || isOwnAddress(name, localAddress);
      if (!isKnown) return 'forbidden_host';
      return origin === undefined || origins.has(origin.toLowerCase()) ? undefined : 'forbidden_origin';
    },
  };
}

/** Whether `name` is the address of this machine that the connection arrived at. */
function isOwnAddress(name: string, localAddress: string | undefined): boolean {
  if (localAddress === undefined || name === '') return false;
  const address = localAddress.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  return name === address || name === `[${address}]`;
}
