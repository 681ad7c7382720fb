import { createServer, type Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { Database } from '@costel/store';
import { type Clock, SYSTEM_CLOCK } from './clock.js';
import { DEFAULT_TENANT } from './decode/decode-context.js';
import { closeGrpcServer, createGrpcServer, trackSessions } from './grpc/grpc-server.js';
import { createExportHandler, type HttpHandler } from './http/export-handler.js';
import { createExportIntake } from './http/export-intake.js';
import { createRequestGuard } from './http/request-guard.js';
import { Ingest } from './ingest.js';
import { DEFAULT_LIMITS, type ReceiverLimits } from './limits.js';
import { type Logger, SILENT_LOGGER } from './logger.js';
import { ReceiverError } from './receiver-error.js';
import { ReceiverCounters, type ReceiverStats } from './stats.js';

/** What a receiver needs. */
export interface ReceiverOptions {
  /** Holds the exporter's tables (`migrate`); stays open when the receiver closes. */
  readonly database: Database;
  /** Whose telemetry this is; stamped on every row, whatever a payload claims. Default: `default`. */
  readonly tenant?: string;
  /** Overrides of `DEFAULT_LIMITS`. */
  readonly limits?: Partial<ReceiverLimits>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Names, or `name:port`, that requests may carry in `Host` besides the loopback ones. */
  readonly allowedHosts?: readonly string[];
  /** Origins of web pages that may send telemetry, e.g. `https://shop.example`; none by default. */
  readonly allowedOrigins?: readonly string[];
}

/** Where a receiver listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** An OTLP receiver: over HTTP, and over gRPC where it is asked for. */
export interface Receiver {
  /** Answers one request; for a server of the caller's own. */
  readonly handler: HttpHandler;
  /** Starts a server of its own; port 0 picks a free one. Rejects with `ReceiverError`. */
  listen(port: number, host?: string): Promise<ListenAddress>;
  /** Starts an OTLP/gRPC server (HTTP/2 without TLS) of its own; port 0 picks a free one. Rejects with `ReceiverError`. */
  listenGrpc(port: number, host?: string): Promise<ListenAddress>;
  stats(): ReceiverStats;
  /** Takes no more connections, answers the requests under way, then stops. */
  close(): Promise<void>;
}

/** The loopback address: nobody but this machine reaches it. */
const DEFAULT_HOST = '127.0.0.1';

/** Makes a receiver that writes into `database`. A limit that is not a positive number throws `ReceiverError`. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const limits = resolveLimits(options.limits ?? {});
  const clock = options.clock ?? SYSTEM_CLOCK;
  const logger = options.logger ?? SILENT_LOGGER;
  const counters = new ReceiverCounters(() => clock.now());
  const ingest = new Ingest({
    database: options.database,
    limits,
    tenant: options.tenant ?? DEFAULT_TENANT,
    counters,
    clock,
  });
  const guard = createRequestGuard(options.allowedHosts ?? [], options.allowedOrigins ?? []);
  const shared = { intake: createExportIntake({ ingest, limits, counters }), limits, counters, guard, logger };
  const handler = createExportHandler(shared);
  const closers: (() => Promise<void>)[] = [];
  return {
    handler,
    async listen(port, host = DEFAULT_HOST) {
      const server = createServer({ requestTimeout: limits.requestMs, keepAliveTimeout: 65_000 }, handler);
      const address = await startListening(server, port, host, '--otlp-port');
      closers.push(() => stopListening(server));
      return address;
    },
    async listenGrpc(port, host = DEFAULT_HOST) {
      const server: Http2Server = createGrpcServer(shared);
      const sessions = trackSessions(server);
      const address = await startListening(server, port, host, '--otlp-grpc-port');
      closers.push(() => closeGrpcServer(server, sessions));
      return address;
    },
    stats: () => counters.snapshot(),
    async close() {
      await Promise.all(closers.map((close) => close()));
      await ingest.close();
    },
  };
}

function resolveLimits(overrides: Partial<ReceiverLimits>): ReceiverLimits {
  const limits: ReceiverLimits = { ...DEFAULT_LIMITS, ...overrides };
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'batchDelayMs' ? 0 : 1;
    if (Number.isFinite(value) && value >= least) continue;
    throw new ReceiverError('receiver_limit_invalid', `limit ${name} is ${value} and must be at least ${least}`);
  }
  return limits;
}

function startListening(server: NetServer, port: number, host: string, flag: string): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(listenError(error, port, host, flag));
    server.once('error', fail);
    server.listen({ port, host }, () => {
      server.off('error', fail);
      const { address, port: bound } = server.address() as AddressInfo;
      resolve({ host: address, port: bound });
    });
  });
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string, flag: string): ReceiverError {
  if (error.code === 'EADDRINUSE') {
    const message = `OTLP port ${port} on ${host} is in use; stop what uses it or choose another with ${flag}`;
    return new ReceiverError('receiver_port_in_use', message, { cause: error, retryable: true });
  }
  const message = `cannot listen for OTLP on ${host}:${port}: ${error.message}`;
  return new ReceiverError('receiver_address_unusable', message, { cause: error });
}

/** How often connections are looked at, and how long senders may take to finish, when a server closes. */
const SWEEP_MS = 20;
const GRACE_MS = 5000;

/** Answers what is under way; a connection that falls idle is closed, one that is still sending after a while is cut. */
function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
