import { asRecord, asText, type MethodDefinition, type SdkDefinition } from './sdk-definition.js';

const MESSAGES: Omit<MethodDefinition, 'classPath' | 'resourcePath'> = {
  method: 'create',
  api: 'messages',
  operation: 'chat',
};

/** The `@anthropic-ai/sdk` package; `stream`, `parse` and the tool runner go through `create`. */
export const ANTHROPIC: SdkDefinition = {
  moduleName: '@anthropic-ai/sdk',
  clientExports: ['Anthropic', 'default'],
  tested: { from: [0, 133], below: [2, 0] },
  defaultProvider: 'anthropic',
  providerByClass: {
    AnthropicBedrock: 'aws.bedrock',
    AnthropicBedrockMantle: 'aws.bedrock',
    AnthropicVertex: 'gcp.vertex_ai',
  },
  methods: [
    { ...MESSAGES, classPath: ['Messages'], resourcePath: ['messages'] },
    { ...MESSAGES, classPath: ['Beta', 'Messages'], resourcePath: ['beta', 'messages'] },
  ],
  readRequest: (body) => ({
    model: asText(body['model']) ?? '',
    stream: body['stream'] === true,
    user: asText(asRecord(body['metadata'])?.['user_id']),
  }),
  mayEmitNativeSpans: true,
};
