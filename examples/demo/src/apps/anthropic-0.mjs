// @anthropic-ai/sdk 0 in an ES module that sets Costel up itself: register() first, then import what it is to see.
import { register, withCostAttribution } from '@costel/node';
import { anthropicCalls } from './anthropic-calls.mjs';
import { serveCalls } from './serve-calls.mjs';

register({ serviceName: 'shop', endpoint: process.env['DEMO_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318' });

const { Anthropic } = await import('@anthropic-ai/sdk');
const client = new Anthropic({ baseURL: process.env['DEMO_PROVIDER_URL'], apiKey: 'demo' });

await serveCalls(({ feature, user, customer, team, tags, scenario }, request) =>
  withCostAttribution({ feature, user, customer, team, tags }, async () => anthropicCalls[scenario]?.(client, request)),
);
