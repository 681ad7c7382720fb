// What an application with an OpenTelemetry set-up of its own does; ESM needs OpenTelemetry's loader hook as well. The hook
// is told what to look at: without that it breaks groq-sdk 0.x, whether or not anything is instrumented.
import { register } from 'node:module';
import { llmInstrumentations } from '@costel/instrumentation';
import { NodeSDK } from '@opentelemetry/sdk-node';

const include = [
  'openai',
  '@anthropic-ai/sdk',
  'groq-sdk',
  'together-ai',
  '@google/genai',
  '@aws-sdk/client-bedrock-runtime',
  '@mistralai/mistralai',
  'cohere-ai',
  'ollama',
  'ai',
  /\/node_modules\/@langchain\/core\/dist\/language_models\/chat_models\.js$/,
  /\/node_modules\/@modelcontextprotocol\/sdk\/dist\/esm\/client\/index\.js$/,
];
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include } });
const sdk = new NodeSDK({ instrumentations: llmInstrumentations() });
sdk.start();
process.once('beforeExit', () => void sdk.shutdown());
