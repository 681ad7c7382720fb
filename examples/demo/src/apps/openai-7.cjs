// openai 7 in a CommonJS module: register() first, then require what it is to see.
const { register, withCostAttribution } = require('@costel/node');
register({ serviceName: 'shop', endpoint: process.env['DEMO_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318' });

const { createRequire } = require('node:module');
// The workspace has two majors of the SDK; an app has one and writes require('openai').
const requireSdk = createRequire(`${__dirname}/../../../../test/sdks/openai-7/package.json`);
const { OpenAI } = requireSdk('openai');
const { openaiCalls } = require('./openai-calls.mjs');
const { serveCalls } = require('./serve-calls.mjs');

const client = new OpenAI({ baseURL: `${process.env['DEMO_PROVIDER_URL']}/v1`, apiKey: 'demo' });

void serveCalls(({ feature, user, customer, team, tags, scenario }, request) =>
  withCostAttribution({ feature, user, customer, team, tags }, async () => openaiCalls[scenario]?.(client, request)),
);
