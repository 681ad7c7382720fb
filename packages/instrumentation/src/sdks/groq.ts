import {
  BATCH_FILES_CONTENT,
  BATCH_FILES_RETRIEVE,
  CHAT,
  EMBEDDINGS,
  readOpenAiRequest,
  SPEECH,
  TRANSCRIPTIONS,
  TRANSLATIONS,
} from './openai-methods.js';
import type { SdkDefinition } from './sdk-definition.js';

/** The `groq-sdk` package, generated like OpenAI's. */
export const GROQ: SdkDefinition = {
  moduleName: 'groq-sdk',
  clientExports: ['Groq', 'default'],
  marks: { has: ['Embeddings', 'Batches'], lacks: ['Responses', 'Images'] },
  tested: { from: [0, 37], below: [2, 0] },
  defaultProvider: 'groq',
  providerByClass: {},
  methods: [
    // Groq states the usage of a stream unasked, in its last chunk.
    { ...CHAT, canIncludeUsage: false },
    EMBEDDINGS,
    TRANSCRIPTIONS,
    TRANSLATIONS,
    SPEECH,
    BATCH_FILES_RETRIEVE,
    BATCH_FILES_CONTENT,
  ],
  readRequest: readOpenAiRequest,
};
