// A bundled SDK of which every client is patched.
import { instrumentModule, withCostAttribution } from '@costel/instrumentation';
import Groq from 'groq-sdk';

export const dynamic = 'force-dynamic';
instrumentModule(Groq);

export async function GET() {
  const client = new Groq({ apiKey: 'k', baseURL: process.env.PROVIDER_URL });
  const answer = await withCostAttribution({ feature: 'module' }, () =>
    client.chat.completions.create({
      model: 'llama-3.3-70b-versatile',
      messages: [{ role: 'user', content: 'Say hello.' }],
    }),
  );
  return Response.json({ text: answer.choices[0].message.content });
}
