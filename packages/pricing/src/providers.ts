/** A provider under its OpenTelemetry name, with the other names it goes by and where its prices are listed. */
export interface ProviderRow {
  /** `gen_ai.provider.name`. */
  readonly name: string;
  /** Short and older names of the same provider. */
  readonly aliases: readonly string[];
  /** Provider id in the price catalogue; absent where no list price exists (own hardware, gateways without prices). */
  readonly catalogueId?: string;
  /** Host names of its API; `*.` in front stands for any subdomain. */
  readonly hosts: readonly string[];
}

/** Every provider that calls are attributed to; the one place where names, hosts and price lists meet. */
export const PROVIDERS: readonly ProviderRow[] = [
  { name: 'openai', aliases: [], catalogueId: 'openai', hosts: ['api.openai.com', '*.api.openai.com'] },
  { name: 'anthropic', aliases: [], catalogueId: 'anthropic', hosts: ['api.anthropic.com'] },
  {
    name: 'azure.ai.openai',
    aliases: ['azure', 'azure_openai', 'az.ai.openai'],
    catalogueId: 'azure',
    hosts: ['*.openai.azure.com', '*.cognitiveservices.azure.com'],
  },
  {
    name: 'azure.ai.inference',
    aliases: ['az.ai.inference', 'azure_ai'],
    catalogueId: 'azure',
    hosts: ['*.services.ai.azure.com', '*.inference.ai.azure.com', '*.models.ai.azure.com'],
  },
  {
    name: 'aws.bedrock',
    aliases: ['bedrock', 'aws', 'aws_bedrock'],
    catalogueId: 'aws',
    hosts: ['bedrock-runtime.*.amazonaws.com', 'bedrock-mantle.*.api.aws'],
  },
  {
    name: 'gcp.gemini',
    aliases: ['google', 'gemini', 'gcp.gen_ai', 'google_genai'],
    catalogueId: 'google',
    hosts: ['generativelanguage.googleapis.com'],
  },
  {
    name: 'gcp.vertex_ai',
    aliases: ['google_vertex', 'vertex_ai', 'vertexai'],
    catalogueId: 'google',
    hosts: ['aiplatform.googleapis.com', '*-aiplatform.googleapis.com'],
  },
  { name: 'mistral_ai', aliases: ['mistral'], catalogueId: 'mistral', hosts: ['api.mistral.ai', '*.mistral.ai'] },
  { name: 'cohere', aliases: [], catalogueId: 'cohere', hosts: ['api.cohere.com', 'api.cohere.ai'] },
  { name: 'groq', aliases: [], catalogueId: 'groq', hosts: ['api.groq.com'] },
  { name: 'x_ai', aliases: ['xai'], catalogueId: 'x-ai', hosts: ['api.x.ai', '*.api.x.ai'] },
  { name: 'deepseek', aliases: [], catalogueId: 'deepseek', hosts: ['api.deepseek.com'] },
  { name: 'perplexity', aliases: [], catalogueId: 'perplexity', hosts: ['api.perplexity.ai'] },
  { name: 'openrouter', aliases: [], catalogueId: 'openrouter', hosts: ['openrouter.ai'] },
  {
    name: 'together',
    aliases: ['together_ai'],
    catalogueId: 'together',
    hosts: ['api.together.xyz', 'api.together.ai'],
  },
  { name: 'fireworks', aliases: ['fireworks_ai'], catalogueId: 'fireworks', hosts: ['api.fireworks.ai'] },
  { name: 'cerebras', aliases: [], catalogueId: 'cerebras', hosts: ['api.cerebras.ai'] },
  {
    name: 'moonshot_ai',
    aliases: ['moonshot', 'moonshotai'],
    catalogueId: 'moonshotai',
    hosts: ['api.moonshot.ai', 'api.moonshot.cn'],
  },
  { name: 'huggingface', aliases: [], hosts: ['router.huggingface.co', 'api-inference.huggingface.co'] },
  { name: 'voyage', aliases: ['voyageai'], catalogueId: 'voyageai', hosts: ['api.voyageai.com'] },
  { name: 'ollama', aliases: [], hosts: [] },
  { name: 'ibm.watsonx.ai', aliases: ['watsonx'], hosts: ['*.ml.cloud.ibm.com'] },
];

const ROW_BY_NAME: ReadonlyMap<string, ProviderRow> = new Map(
  PROVIDERS.flatMap((row) => [row.name, ...row.aliases].map((name) => [name, row] as const)),
);

/** The provider of a name or one of its aliases, letter case aside; undefined when unknown. */
export function findProvider(name: string): ProviderRow | undefined {
  return ROW_BY_NAME.get(name) ?? ROW_BY_NAME.get(name.toLowerCase());
}

function hostMatches(host: string, pattern: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return host === pattern;
  const head = pattern.slice(0, star);
  const tail = pattern.slice(star + 1);
  return host.length > head.length + tail.length && host.startsWith(head) && host.endsWith(tail);
}

/**
 * The provider that a base URL belongs to, as `gen_ai.provider.name`, e.g. `https://api.openai.com/v1` is `openai`.
 * @returns undefined for an unknown host (a proxy, a server of one's own) and for text that is no URL.
 */
export function providerOfUrl(url: string): string | undefined {
  const host = hostOfUrl(url);
  if (host === undefined) return undefined;
  return PROVIDERS.find((row) => row.hosts.some((pattern) => hostMatches(host, pattern)))?.name;
}

function hostOfUrl(url: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:]+)/i.exec(url)?.[1]?.toLowerCase();
}
