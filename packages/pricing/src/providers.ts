/** A provider under its OpenTelemetry name, with the other names it goes by and where its prices are listed. */
export interface ProviderRow {
  /** `gen_ai.provider.name`. */
  readonly name: string;
  /** Short and older names of the same provider. */
  readonly aliases: readonly string[];
  /**
   * Provider ids in the price catalogues, the first one that knows a model prices it; empty where no list price exists
   * (own hardware, gateways without prices).
   */
  readonly catalogueIds: readonly string[];
  /** Host names of its API; `*.` in front stands for any subdomain. */
  readonly hosts: readonly string[];
}

/** Every provider that calls are attributed to; the one place where names, hosts and price lists meet. */
export const PROVIDERS: readonly ProviderRow[] = [
  { name: 'openai', aliases: [], catalogueIds: ['openai'], hosts: ['api.openai.com', '*.api.openai.com'] },
  { name: 'anthropic', aliases: [], catalogueIds: ['anthropic'], hosts: ['api.anthropic.com'] },
  {
    name: 'azure.ai.openai',
    aliases: ['azure', 'azure_openai', 'az.ai.openai'],
    catalogueIds: ['azure'],
    hosts: ['*.openai.azure.com', '*.cognitiveservices.azure.com'],
  },
  {
    name: 'azure.ai.inference',
    aliases: ['az.ai.inference', 'azure_ai'],
    catalogueIds: ['azure'],
    hosts: ['*.services.ai.azure.com', '*.inference.ai.azure.com', '*.models.ai.azure.com'],
  },
  {
    name: 'aws.bedrock',
    aliases: ['bedrock', 'aws', 'aws_bedrock'],
    catalogueIds: ['aws'],
    hosts: ['bedrock-runtime.*.amazonaws.com', 'bedrock-mantle.*.api.aws'],
  },
  {
    name: 'gcp.gemini',
    aliases: ['google', 'gemini', 'gcp.gen_ai', 'google_genai'],
    catalogueIds: ['google'],
    hosts: ['generativelanguage.googleapis.com'],
  },
  {
    name: 'gcp.vertex_ai',
    aliases: ['google_vertex', 'vertex_ai', 'vertexai'],
    // What Vertex AI prices apart from the Gemini API comes first.
    catalogueIds: ['google-vertex', 'google'],
    hosts: ['aiplatform.googleapis.com', '*-aiplatform.googleapis.com'],
  },
  { name: 'mistral_ai', aliases: ['mistral'], catalogueIds: ['mistral'], hosts: ['api.mistral.ai', '*.mistral.ai'] },
  { name: 'cohere', aliases: [], catalogueIds: ['cohere'], hosts: ['api.cohere.com', 'api.cohere.ai'] },
  { name: 'groq', aliases: [], catalogueIds: ['groq'], hosts: ['api.groq.com'] },
  { name: 'x_ai', aliases: ['xai'], catalogueIds: ['x-ai'], hosts: ['api.x.ai', '*.api.x.ai'] },
  { name: 'deepseek', aliases: [], catalogueIds: ['deepseek'], hosts: ['api.deepseek.com'] },
  { name: 'perplexity', aliases: [], catalogueIds: ['perplexity'], hosts: ['api.perplexity.ai'] },
  { name: 'openrouter', aliases: [], catalogueIds: ['openrouter'], hosts: ['openrouter.ai'] },
  {
    name: 'together',
    aliases: ['together_ai'],
    catalogueIds: ['together'],
    hosts: ['api.together.xyz', 'api.together.ai'],
  },
  { name: 'fireworks', aliases: ['fireworks_ai'], catalogueIds: ['fireworks'], hosts: ['api.fireworks.ai'] },
  { name: 'cerebras', aliases: [], catalogueIds: ['cerebras'], hosts: ['api.cerebras.ai'] },
  {
    name: 'moonshot_ai',
    aliases: ['moonshot', 'moonshotai'],
    catalogueIds: ['moonshotai'],
    hosts: ['api.moonshot.ai', 'api.moonshot.cn'],
  },
  {
    name: 'huggingface',
    aliases: [],
    catalogueIds: [],
    hosts: ['router.huggingface.co', 'api-inference.huggingface.co'],
  },
  { name: 'voyage', aliases: ['voyageai'], catalogueIds: ['voyageai'], hosts: ['api.voyageai.com'] },
  { name: 'ollama', aliases: [], catalogueIds: [], hosts: [] },
  { name: 'ibm.watsonx.ai', aliases: ['watsonx'], catalogueIds: ['watsonx'], hosts: ['*.ml.cloud.ibm.com'] },
  {
    name: 'alibaba_cloud',
    aliases: ['alibaba', 'dashscope', 'qwen', 'alibabacloud'],
    catalogueIds: ['alibaba'],
    hosts: ['dashscope.aliyuncs.com', 'dashscope-*.aliyuncs.com', '*.maas.aliyuncs.com'],
  },
  { name: 'zai', aliases: ['z_ai', 'z.ai'], catalogueIds: ['zai'], hosts: ['api.z.ai'] },
  { name: 'minimax', aliases: [], catalogueIds: ['minimax'], hosts: ['api.minimax.io', 'api.minimaxi.com'] },
  { name: 'ai21', aliases: [], catalogueIds: ['ai21'], hosts: ['api.ai21.com'] },
  { name: 'jina_ai', aliases: ['jina'], catalogueIds: ['jina'], hosts: ['api.jina.ai'] },
  { name: 'elevenlabs', aliases: [], catalogueIds: ['elevenlabs'], hosts: ['api.elevenlabs.io'] },
  { name: 'deepgram', aliases: [], catalogueIds: ['deepgram'], hosts: ['api.deepgram.com'] },
  { name: 'assemblyai', aliases: [], catalogueIds: ['assemblyai'], hosts: ['api.assemblyai.com'] },
  { name: 'deepinfra', aliases: [], catalogueIds: ['deepinfra'], hosts: ['api.deepinfra.com'] },
  { name: 'sambanova', aliases: [], catalogueIds: ['sambanova'], hosts: ['api.sambanova.ai'] },
  {
    name: 'nebius',
    aliases: [],
    catalogueIds: ['nebius'],
    hosts: ['api.studio.nebius.com', 'api.tokenfactory.nebius.com'],
  },
  { name: 'novita', aliases: ['novita_ai'], catalogueIds: ['novita'], hosts: ['api.novita.ai'] },
  {
    name: 'databricks',
    aliases: [],
    catalogueIds: ['databricks'],
    hosts: ['*.databricks.com', '*.azuredatabricks.net'],
  },
  { name: 'baseten', aliases: [], catalogueIds: ['baseten'], hosts: ['inference.baseten.co'] },
  { name: 'ovhcloud', aliases: [], catalogueIds: ['ovhcloud'], hosts: ['*.ai.cloud.ovh.net'] },
];

const ROW_BY_NAME: ReadonlyMap<string, ProviderRow> = new Map(
  PROVIDERS.flatMap((row) => [row.name, ...row.aliases].map((name) => [name, row] as const)),
);

/** The provider of a name or one of its aliases, letter case aside; undefined when unknown. */
export function findProvider(name: string): ProviderRow | undefined {
  return ROW_BY_NAME.get(name) ?? ROW_BY_NAME.get(name.toLowerCase());
}

/** Where a provider's prices are listed: by its row, or under the name that an unknown one has. */
export function catalogueIdsOf(provider: string): readonly string[] {
  return findProvider(provider)?.catalogueIds ?? [provider.toLowerCase()];
}

/** What stands before a model's name in Google's paths. */
const MODEL_PATH = /^(?:projects\/.+\/)?(?:publishers\/[^/]+\/)?models\//;

/**
 * A model's name without what says again whose it is, as gateways and paths write it: `openai/gpt-4o` of OpenAI is `gpt-4o`,
 * `models/gemini-2.5-pro` and `google/gemini-2.5-pro` of Vertex AI are `gemini-2.5-pro`.
 * @returns undefined for a name without such a prefix, e.g. `openai/gpt-oss-120b` of Groq.
 */
export function bareModelName(provider: string, model: string): string | undefined {
  const name = model.trim();
  const path = MODEL_PATH.exec(name)?.[0];
  if (path !== undefined) return name.slice(path.length);
  const slash = name.indexOf('/');
  if (slash <= 0) return undefined;
  const maker = findProvider(name.slice(0, slash));
  const own = catalogueIdsOf(provider);
  return maker?.catalogueIds.some((id) => own.includes(id)) === true ? name.slice(slash + 1) : undefined;
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
