import { observeJob } from '../jobs/observe-job.js';
import { observeBatchResults, rememberBatch } from '../jobs/message-batches.js';
import { asRecord, asText } from './read-unknown.js';
import type { MethodDefinition, SdkDefinition } from './sdk-definition.js';

const MESSAGES: Omit<MethodDefinition, 'classPath' | 'resourcePath'> = {
  method: 'create',
  api: 'messages',
  operation: 'chat',
};

const BATCH: Omit<MethodDefinition, 'classPath' | 'resourcePath'> = {
  method: 'results',
  api: 'messages.batches',
  operation: 'chat',
  observe: observeBatchResults,
};

/** Looks at a batch, which tells when it ran. */
const BATCH_RETRIEVE = { ...BATCH, method: 'retrieve', readJob: rememberBatch, observe: observeJob };

/** The `@anthropic-ai/sdk` package; `stream`, `parse` and the tool runner go through `create`. A batch counts by its results. */
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
    { ...BATCH, classPath: ['Messages', 'Batches'], resourcePath: ['messages', 'batches'] },
    { ...BATCH_RETRIEVE, classPath: ['Messages', 'Batches'], resourcePath: ['messages', 'batches'] },
    { ...BATCH, classPath: ['Beta', 'Messages', 'Batches'], resourcePath: ['beta', 'messages', 'batches'] },
    { ...BATCH_RETRIEVE, classPath: ['Beta', 'Messages', 'Batches'], resourcePath: ['beta', 'messages', 'batches'] },
  ],
  readRequest: (body) => ({
    model: asText(body['model']) ?? '',
    stream: body['stream'] === true,
    user: asText(asRecord(body['metadata'])?.['user_id']),
  }),
  mayEmitNativeSpans: true,
};
