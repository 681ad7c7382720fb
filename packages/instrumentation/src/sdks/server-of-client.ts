import { providerOfUrl } from '@costel/pricing';
import { asRecord, asText } from './read-unknown.js';
import type { SdkDefinition, ServerHint } from './sdk-definition.js';
import { ServerClock } from './server-clock.js';

/** Where a client sends its requests. */
export interface Server {
  readonly provider: string;
  /** Empty while the SDK does not tell. */
  readonly address: string;
  readonly port: number;
  /** True where the address is the SDK's own provider, so that the provider's name says it all. */
  readonly isOwnProvider: boolean;
  /** Cloud region, where the SDK knows one; `''` elsewhere. */
  readonly region: string;
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

/** Where an SDK's objects do not tell. */
const UNKNOWN_HOST: Host = { address: '', port: 0, knownProvider: undefined, clock: new ServerClock() };

interface KnownServer {
  readonly baseUrl: unknown;
  readonly hinted: string | undefined;
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
  const hint: ServerHint = {
    client,
    baseUrl: asText(baseUrl),
    provider: sdk.providerByClass[object?.constructor?.name ?? ''] ?? asText(object?.['_genAIProviderName']),
  };
  const server = findServer(hint, sdk, providerByHost);
  if (object !== undefined) serverByClient.set(object, { baseUrl, hinted: undefined, providerByHost, server });
  return server;
}

/** The provider and address that an SDK's own objects hint at; see `serverOfClient`. */
export function serverOfHint(
  hint: ServerHint,
  sdk: SdkDefinition,
  providerByHost: Readonly<Record<string, string>>,
): Server {
  const { baseUrl } = hint;
  const client = asRecord(hint.client);
  const hinted = hint.region === undefined ? hint.provider : `${hint.provider ?? ''}\n${hint.region}`;
  const known = client === undefined ? undefined : serverByClient.get(client);
  if (
    known !== undefined &&
    known.baseUrl === baseUrl &&
    known.hinted === hinted &&
    known.providerByHost === providerByHost
  )
    return known.server;
  const server = findServer(hint, sdk, providerByHost);
  if (client !== undefined) serverByClient.set(client, { baseUrl, hinted, providerByHost, server });
  return server;
}

function findServer(hint: ServerHint, sdk: SdkDefinition, providerByHost: Readonly<Record<string, string>>): Server {
  const { address, port, knownProvider, clock } = hint.baseUrl === undefined ? UNKNOWN_HOST : hostOf(hint.baseUrl);
  const provider = providerByHost[address] ?? knownProvider ?? hint.provider ?? sdk.defaultProvider;
  const isOwnProvider = address === '' || (knownProvider === sdk.defaultProvider && provider === knownProvider);
  return { provider, address, port, isOwnProvider, region: hint.region ?? '', clock };
}
