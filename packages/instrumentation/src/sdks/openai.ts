import { asRecord, asText, type SdkDefinition } from './sdk-definition.js';

/**
 * The `openai` package. `parse`, `stream` and `runTools` go through these methods, so each request is seen once:
 * a tool loop of three requests is three calls.
 */
export const OPENAI: SdkDefinition = {
  moduleName: 'openai',
  clientExports: ['OpenAI', 'default'],
  tested: { from: [6, 0], below: [8, 0] },
  defaultProvider: 'openai',
  providerByClass: { AzureOpenAI: 'azure.ai.openai', BedrockOpenAI: 'aws.bedrock' },
  methods: [
    {
      classPath: ['Chat', 'Completions'],
      resourcePath: ['chat', 'completions'],
      method: 'create',
      api: 'chat.completions',
      operation: 'chat',
      canIncludeUsage: true,
    },
    {
      classPath: ['Responses'],
      resourcePath: ['responses'],
      method: 'create',
      api: 'responses',
      operation: 'chat',
    },
    {
      classPath: ['Responses'],
      resourcePath: ['responses'],
      method: 'compact',
      api: 'responses.compact',
      operation: 'chat',
      isRecent: true,
    },
    {
      classPath: ['Completions'],
      resourcePath: ['completions'],
      method: 'create',
      api: 'completions',
      operation: 'text_completion',
      canIncludeUsage: true,
    },
    {
      classPath: ['Embeddings'],
      resourcePath: ['embeddings'],
      method: 'create',
      api: 'embeddings',
      operation: 'embeddings',
    },
  ],
  readRequest: (body) => ({
    model: asText(body['model']) ?? '',
    stream: body['stream'] === true,
    user: asText(body['safety_identifier']) ?? asText(body['user']),
    conversation: asText(body['conversation']) ?? asText(asRecord(body['conversation'])?.['id']),
  }),
};
