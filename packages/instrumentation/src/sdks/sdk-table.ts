import { LANGCHAIN_EMBEDDINGS } from '../frameworks/langchain-embeddings.js';
import { LANGCHAIN } from '../frameworks/langchain-models.js';
import { MCP } from '../frameworks/mcp-tools.js';
import { AI } from './ai.js';
import { ANTHROPIC } from './anthropic.js';
import { BEDROCK } from './bedrock.js';
import { COHERE, COHERE_AWS } from './cohere.js';
import { GOOGLE_GENAI } from './google-genai.js';
import { GROQ } from './groq.js';
import { MISTRAL } from './mistral.js';
import { OLLAMA } from './ollama.js';
import { OPENAI_SOCKETS } from '../realtime/openai-sockets.js';
import { OPENAI } from './openai.js';
import type { SdkDefinition } from './sdk-definition.js';
import { TOGETHER } from './together.js';

/** Every SDK that is patched; a new one is a file beside this and a row here. */
export const SDKS: readonly SdkDefinition[] = [
  OPENAI,
  OPENAI_SOCKETS,
  ANTHROPIC,
  GROQ,
  TOGETHER,
  GOOGLE_GENAI,
  BEDROCK,
  OLLAMA,
  MISTRAL,
  COHERE,
  COHERE_AWS,
  AI,
  LANGCHAIN,
  LANGCHAIN_EMBEDDINGS,
  MCP,
];
