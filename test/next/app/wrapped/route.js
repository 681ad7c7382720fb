// One client of a bundled SDK.
import { withCostAttribution, wrapClient } from '@costel/instrumentation';
import Together from 'together-ai';

export const dynamic = 'force-dynamic';

export async function GET() {
  const client = wrapClient(new Together({ apiKey: 'k', baseURL: `${process.env.PROVIDER_URL}/together` }));
  const answer = await withCostAttribution({ feature: 'wrapped' }, () =>
    client.chat.completions.create({
      model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
      messages: [{ role: 'user', content: 'Say hello.' }],
    }),
  );
  return Response.json({ text: answer.choices[0].message.content });
}
