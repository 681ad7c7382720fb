// A bundled SDK that makes spans of its own: they are priced, and there is no second one.
import Anthropic from '@anthropic-ai/sdk';
import { instrumentModule, withCostAttribution } from '@costel/instrumentation';

export const dynamic = 'force-dynamic';
instrumentModule(Anthropic);

export async function GET() {
  const client = new Anthropic({ apiKey: 'k', baseURL: process.env.PROVIDER_URL });
  const answer = await withCostAttribution({ feature: 'native' }, () =>
    client.messages.create({
      model: 'claude-haiku-4-5',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Say hello.' }],
    }),
  );
  return Response.json({ text: answer.content[0].text });
}
