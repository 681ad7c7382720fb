import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import Together from 'together-ai';

const url = process.env.PROVIDER_URL;
const message = { role: 'user', content: 'Say hello.' };
const openai = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1` });
const anthropic = new Anthropic({ apiKey: 'k', baseURL: url });
await openai.chat.completions.create({ model: 'gpt-4o-mini', messages: [message] });
await anthropic.messages.create({ model: 'claude-haiku-4-5', max_tokens: 10, messages: [message] });
const groq = new Groq({ apiKey: 'k', baseURL: url });
const together = new Together({ apiKey: 'k', baseURL: `${url}/together` });
await groq.chat.completions.create({ model: 'llama-3.3-70b-versatile', messages: [message] });
await together.chat.completions.create({
  model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
  messages: [message],
});
