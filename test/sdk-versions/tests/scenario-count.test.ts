import { expect, it } from 'vitest';
import { ANTHROPIC_SCENARIOS } from '../../../packages/instrumentation/test/conformance/anthropic-scenarios.js';
import { OPENAI_MEDIA_SCENARIOS } from '../../../packages/instrumentation/test/conformance/openai-media-scenarios.js';
import { OPENAI_SCENARIOS } from '../../../packages/instrumentation/test/conformance/openai-scenarios.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { ANTHROPIC_COPIES, OPENAI_COPIES } from '../../../packages/instrumentation/test/support/sdk-copies.js';
import { AI_SCENARIOS } from './ai-scenarios.js';
import { AI_COPIES } from './ai-sdk.js';
import { SESSION_COPIES, SESSION_SCENARIOS } from './openai-sessions.js';
import { STAINLESS_SCENARIOS, TOGETHER_SCENARIOS } from './stainless-scenarios.js';
import { STAINLESS_SDKS } from './stainless-sdks.js';
import { BedrockServer } from './support/bedrock-server.js';
import { bedrockScenarios } from './support/bedrock-scenarios.js';
import { COHERE_COPIES, cohereScenarios } from './support/cohere-scenarios.js';
import { genAiScenarios } from './support/google-genai-scenarios.js';
import { LANGCHAIN_COPIES, langChainScenarios } from './support/langchain-scenarios.js';
import { MCP_SCENARIOS } from './support/mcp-scenarios.js';
import { MISTRAL_COPIES, mistralScenarios } from './support/mistral-scenarios.js';
import { ollamaScenarios } from './support/ollama-scenarios.js';

/** The least that is promised, over all SDKs. */
const PROMISED = 150;

const server = new ProviderServer();
const count = (scenarios: object): number => Object.keys(scenarios).length;

/** Scenarios that run with and without instrumentation, and the copies of the SDK that each runs on. */
const SUITES: readonly (readonly [string, number, number])[] = [
  ['openai', count(OPENAI_SCENARIOS) + count(OPENAI_MEDIA_SCENARIOS), OPENAI_COPIES.length],
  ['openai over sockets', count(SESSION_SCENARIOS), count(SESSION_COPIES)],
  ['@anthropic-ai/sdk', count(ANTHROPIC_SCENARIOS), ANTHROPIC_COPIES.length],
  ['groq-sdk, together-ai', count(STAINLESS_SCENARIOS), STAINLESS_SDKS.length],
  ['together-ai alone', count(TOGETHER_SCENARIOS), 1],
  ['@google/genai', count(genAiScenarios(server)), 2],
  ['@aws-sdk/client-bedrock-runtime', count(bedrockScenarios(new BedrockServer())), 1],
  ['ollama', count(ollamaScenarios(server)), 1],
  ['ai', count(AI_SCENARIOS), AI_COPIES.length],
  ['@mistralai/mistralai', count(mistralScenarios(server)), MISTRAL_COPIES.length],
  ['cohere-ai', count(cohereScenarios(server)), COHERE_COPIES.length],
  ['@langchain/core', count(langChainScenarios(server)), LANGCHAIN_COPIES.length],
  ['@modelcontextprotocol/sdk', count(MCP_SCENARIOS), 1],
];

it(`at least ${PROMISED} scenarios run with and without instrumentation`, () => {
  const scenarios = SUITES.reduce((sum, [, each]) => sum + each, 0);
  const runs = SUITES.reduce((sum, [, each, copies]) => sum + each * copies, 0);
  const table = SUITES.map(([name, each, copies]) => `${name} ${each} × ${copies}`).join('; ');
  console.info(`conformance: ${scenarios} scenarios, ${runs} comparisons over SDK versions (${table})`);
  expect(scenarios).toBeGreaterThanOrEqual(PROMISED);
  for (const [name, each] of SUITES) expect(each, name).toBeGreaterThan(0);
});
