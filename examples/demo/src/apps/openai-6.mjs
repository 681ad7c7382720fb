// openai 6 in an ES module with static imports: `node --import @costel/node/register openai-6.mjs`. Costel's first
// line is in the command and reads the OTEL_* environment; the second one says whose call it is.
import { withCostAttribution } from '@costel/node';
import OpenAI from 'openai';
import { openaiCalls } from './openai-calls.mjs';
import { serveCalls } from './serve-calls.mjs';

const client = new OpenAI({ baseURL: `${process.env['DEMO_PROVIDER_URL']}/v1`, apiKey: 'demo' });

await serveCalls(({ feature, user, customer, team, tags, scenario }, request) =>
  withCostAttribution({ feature, user, customer, team, tags }, async () => openaiCalls[scenario]?.(client, request)),
);
