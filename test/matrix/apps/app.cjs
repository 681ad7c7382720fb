const Anthropic = require('@anthropic-ai/sdk');
const OpenAI = require('openai');

const url = process.env.PROVIDER_URL;
const message = { role: 'user', content: 'Say hello.' };

async function main() {
  const openai = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1` });
  const anthropic = new Anthropic({ apiKey: 'k', baseURL: url });
  await openai.chat.completions.create({ model: 'gpt-4o-mini', messages: [message] });
  await anthropic.messages.create({ model: 'claude-haiku-4-5', max_tokens: 10, messages: [message] });
}

void main();
