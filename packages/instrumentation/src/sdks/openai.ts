import {
  BATCHES_RETRIEVE,
  BETA_RESPONSES,
  BETA_RESPONSES_COMPACT,
  BETA_RESPONSES_RETRIEVE,
  CHAT,
  COMPLETIONS,
  DECISIONS,
  EMBEDDINGS,
  IMAGES_EDIT,
  IMAGES_GENERATE,
  IMAGES_VARIATION,
  MODERATIONS,
  readOpenAiRequest,
  RESPONSES,
  RESPONSES_COMPACT,
  RESPONSES_RETRIEVE,
  SPEECH,
  TRANSCRIPTIONS,
  TRANSLATIONS,
  VIDEOS_RETRIEVE,
} from './openai-methods.js';
import type { SdkDefinition } from './sdk-definition.js';

/**
 * The `openai` package. `parse`, `stream` and `runTools` go through these methods, so each request is seen once: a tool
 * loop of three requests is three calls. Conversations, files and vector stores call no model.
 */
export const OPENAI: SdkDefinition = {
  moduleName: 'openai',
  clientExports: ['OpenAI', 'default'],
  marks: { has: ['Responses'], lacks: [] },
  tested: { from: [6, 0], below: [8, 0] },
  defaultProvider: 'openai',
  providerByClass: { AzureOpenAI: 'azure.ai.openai', BedrockOpenAI: 'aws.bedrock' },
  methods: [
    CHAT,
    RESPONSES,
    RESPONSES_RETRIEVE,
    RESPONSES_COMPACT,
    BETA_RESPONSES,
    BETA_RESPONSES_RETRIEVE,
    BETA_RESPONSES_COMPACT,
    DECISIONS,
    COMPLETIONS,
    EMBEDDINGS,
    IMAGES_GENERATE,
    IMAGES_EDIT,
    IMAGES_VARIATION,
    TRANSCRIPTIONS,
    TRANSLATIONS,
    SPEECH,
    MODERATIONS,
    BATCHES_RETRIEVE,
    VIDEOS_RETRIEVE,
  ],
  readRequest: readOpenAiRequest,
};
