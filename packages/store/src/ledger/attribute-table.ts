import {
  AGGREGATE_OPERATIONS,
  ATTR_COSTEL_CUSTOMER,
  ATTR_COSTEL_FEATURE,
  ATTR_COSTEL_PROJECT,
  ATTR_COSTEL_TEAM,
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_USER_ID,
  DIALECT_ATTRIBUTES,
} from '@costel/semconv';

/*
 * The one table that says which attribute of which emitter becomes which part of a ledger row. The view that fills the
 * ledger is generated from it; to read another dialect, add a row here and a migration with the new view.
 */

/*
 * Where each dialect was read (docs/dialects.md says more):
 *   conventions            opentelemetry.io, GenAI spans: present and earlier names
 *   OpenLLMetry            traceloop/openllmetry, opentelemetry-semantic-conventions-ai and its instrumentations
 *   OpenInference          Arize-ai/openinference, openinference-semantic-conventions
 *   OpenLIT                openlit/openlit, semcov; Python and TypeScript
 *   AI SDK                 vercel/ai, documentation "Telemetry", versions 4 to 7
 *   Logfire, Pydantic AI   pydantic/logfire, llm_providers/usage.py; pydantic-ai, usage.py
 *   Langfuse               langfuse/langfuse-python, _client/attributes.py and openai.py; langfuse-js
 */

/** Text of a call: span attributes in the order in which they are looked for; the first that is not empty is taken. */
export const TEXT_ATTRIBUTES = {
  provider: DIALECT_ATTRIBUTES.provider,
  request_model: DIALECT_ATTRIBUTES.requestModel,
  response_model: DIALECT_ATTRIBUTES.responseModel,
  response_id: DIALECT_ATTRIBUTES.responseId,
  operation: DIALECT_ATTRIBUTES.operation,
  agent: DIALECT_ATTRIBUTES.agent,
  conversation: [ATTR_GEN_AI_CONVERSATION_ID, 'session.id'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Attribution: looked for on the span, then on the resource (a whole service may belong to one team). */
export const ATTRIBUTION_ATTRIBUTES = {
  environment: [ATTR_DEPLOYMENT_ENVIRONMENT_NAME, 'deployment.environment', 'langfuse.environment'],
  feature: [ATTR_COSTEL_FEATURE],
  user: [ATTR_USER_ID, 'enduser.id'],
  customer: [ATTR_COSTEL_CUSTOMER],
  team: [ATTR_COSTEL_TEAM],
  project: [ATTR_COSTEL_PROJECT],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Where emitters state what they computed themselves; never taken for our figure, only compared with it. */
export const APP_COST_ATTRIBUTES: readonly string[] = ['operation.cost', 'gen_ai.usage.cost', 'llm.cost.total'];

/** Operations that cost nothing by themselves: such a span is a row only when it carries usage or a cost. */
export const OPERATIONS_WITHOUT_COST: readonly string[] = [...AGGREGATE_OPERATIONS, 'retrieval'].toSorted();

/** Older and vendors' names of providers under the conventions' names, so that one provider is one group. */
export const PROVIDER_NAMES: Readonly<Record<string, string>> = {
  'az.ai.openai': 'azure.ai.openai',
  'azure-openai.chat': 'azure.ai.openai',
  'azure-openai.responses': 'azure.ai.openai',
  azure_openai: 'azure.ai.openai',
  'az.ai.inference': 'azure.ai.inference',
  'openai.chat': 'openai',
  'openai.responses': 'openai',
  'openai.completion': 'openai',
  'openai.embedding': 'openai',
  'anthropic.messages': 'anthropic',
  'amazon-bedrock': 'aws.bedrock',
  bedrock: 'aws.bedrock',
  aws: 'aws.bedrock',
  'google.generative-ai': 'gcp.gemini',
  gemini: 'gcp.gemini',
  google: 'gcp.gemini',
  'google.vertex.chat': 'gcp.vertex_ai',
  vertex_ai: 'gcp.vertex_ai',
  'mistral.chat': 'mistral_ai',
  mistral: 'mistral_ai',
  mistralai: 'mistral_ai',
  'xai.chat': 'x_ai',
  xai: 'x_ai',
};
