import { providerOfUrl } from '@costel/pricing';
import { asRecord, asText, type SdkDefinition } from './sdk-definition.js';
import { ServerClock } from './server-clock.js';

/** Where a client sends its requests. */
export interface Server {
  readonly provider: string;
  readonly address: string;
  readonly port: number;
  /** True where the address is the SDK's own provider, so that the provider's name says it all. */
  readonly isOwnProvider: boolean;
  readonly clock: ServerClock;
}

interface Host {
  readonly address: string;
  readonly port: number;
  readonly knownProvider: string | undefined;
  readonly clock: ServerClock;
}

/** Base URLs are few and calls are many; a map that a test with random ports outgrows is simply emptied. */
const MAX_CACHED_URLS = 1000;
const hostByUrl = new Map<string, Host>();

function hostOf(baseUrl: string): Host {
  const cached = hostByUrl.get(baseUrl);
  if (cached !== undefined) return cached;
  const url = new URL(baseUrl);
  const host: Host = {
    address: url.hostname,
    port: url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port),
    knownProvider: providerOfUrl(baseUrl),
    clock: new ServerClock(),
  };
  if (hostByUrl.size >= MAX_CACHED_URLS) hostByUrl.clear();
  hostByUrl.set(baseUrl, host);
  return host;
}

interface KnownServer {
  readonly baseUrl: unknown;
  readonly providerByHost: Readonly<Record<string, string>>;
  readonly server: Server;
}

const serverByClient = new WeakMap<object, KnownServer>();

/**
 * The provider and address of a client: by the user's own table, by a known host, by the client's class (AzureOpenAI),
 * else the SDK's own provider, since most unknown hosts are proxies in front of it.
 */
export function serverOfClient(
  client: unknown,
  sdk: SdkDefinition,
  providerByHost: Readonly<Record<string, string>>,
): Server {
  const object = asRecord(client);
  const baseUrl = object?.['baseURL'];
  const known = object === undefined ? undefined : serverByClient.get(object);
  if (known !== undefined && known.baseUrl === baseUrl && known.providerByHost === providerByHost) return known.server;
  const server = findServer(object, sdk, providerByHost);
  if (object !== undefined) serverByClient.set(object, { baseUrl, providerByHost, server });
  return server;
}

function findServer(
  client: Readonly<Record<string, unknown>> | undefined,
  sdk: SdkDefinition,
  providerByHost: Readonly<Record<string, string>>,
): Server {
  const { address, port, knownProvider, clock } = hostOf(asText(client?.['baseURL']) ?? 'https://unknown.invalid');
  const provider =
    providerByHost[address] ??
    knownProvider ??
    sdk.providerByClass[client?.constructor?.name ?? ''] ??
    asText(client?.['_genAIProviderName']) ??
    sdk.defaultProvider;
  const isOwnProvider = knownProvider === sdk.defaultProvider && provider === knownProvider;
  return { provider, address, port, isOwnProvider, clock };
}
