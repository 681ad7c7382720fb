import {
  BATCH_FILES_CONTENT,
  BATCH_FILES_RETRIEVE,
  CHAT,
  COMPLETIONS,
  EMBEDDINGS,
  IMAGES_GENERATE,
  readOpenAiRequest,
  RERANK,
  SPEECH,
  TRANSCRIPTIONS,
  TRANSLATIONS,
} from './openai-methods.js';
import type { SdkDefinition } from './sdk-definition.js';

/** The `together-ai` package, generated like OpenAI's. */
export const TOGETHER: SdkDefinition = {
  moduleName: 'together-ai',
  clientExports: ['Together', 'default'],
  marks: { has: ['Images', 'Rerank'], lacks: ['Responses'] },
  tested: { from: [0, 52], below: [1, 0] },
  defaultProvider: 'together',
  providerByClass: {},
  // Together states the usage of a stream unasked, in its last chunk.
  methods: [
    { ...CHAT, canIncludeUsage: false },
    { ...COMPLETIONS, canIncludeUsage: false },
    EMBEDDINGS,
    IMAGES_GENERATE,
    TRANSCRIPTIONS,
    TRANSLATIONS,
    SPEECH,
    RERANK,
    BATCH_FILES_RETRIEVE,
    BATCH_FILES_CONTENT,
  ],
  readRequest: readOpenAiRequest,
};
