import { providerOfUrl } from '@costel/pricing';
import { asRecord, asText, type SdkDefinition } from './sdk-definition.js';

/** Where a client sends its requests. */
export interface Server {
  readonly provider: string;
  readonly address: string;
  readonly port: number;
}

interface Host {
  readonly address: string;
  readonly port: number;
  readonly knownProvider: string | undefined;
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
  };
  if (hostByUrl.size >= MAX_CACHED_URLS) hostByUrl.clear();
  hostByUrl.set(baseUrl, host);
  return host;
}

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
  const host = hostOf(asText(object?.['baseURL']) ?? 'https://unknown.invalid');
  const className = object?.constructor?.name ?? '';
  const provider =
    providerByHost[host.address] ??
    host.knownProvider ??
    sdk.providerByClass[className] ??
    asText(object?.['_genAIProviderName']) ??
    sdk.defaultProvider;
  return { provider, address: host.address, port: host.port };
}
