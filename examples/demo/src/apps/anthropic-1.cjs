// @anthropic-ai/sdk 1 in a CommonJS module: register() first, then require what it is to see.
const { register, withCostAttribution } = require('@costel/node');
register({ serviceName: 'shop', endpoint: process.env['DEMO_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318' });

const { createRequire } = require('node:module');
// The workspace has two majors of the SDK; an app has one and writes require('@anthropic-ai/sdk').
const requireSdk = createRequire(`${__dirname}/../../../../test/sdks/anthropic-1/package.json`);
const { Anthropic } = requireSdk('@anthropic-ai/sdk');
const { anthropicCalls } = require('./anthropic-calls.mjs');
const { serveCalls } = require('./serve-calls.mjs');

const client = new Anthropic({ baseURL: process.env['DEMO_PROVIDER_URL'], apiKey: 'demo' });

void serveCalls(({ feature, user, customer, team, tags, scenario }, request) =>
  withCostAttribution({ feature, user, customer, team, tags }, async () => anthropicCalls[scenario]?.(client, request)),
);
