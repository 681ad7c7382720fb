// An SDK that Node itself loads (`serverExternalPackages`), and that is patched then; where no hook sees that, it is handed over.
import { instrumentModule, withCostAttribution } from '@costel/instrumentation';
import OpenAI from 'openai';

export const dynamic = 'force-dynamic';
if (process.env.COSTEL_HAND_OVER === 'true') instrumentModule(OpenAI);

export async function GET(request) {
  const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER_URL}/v1` });
  const ask = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Say hello.' }] };
  return withCostAttribution({ feature: 'external', user: 'u-17' }, async () => {
    if (!new URL(request.url).searchParams.has('stream')) {
      const answer = await client.chat.completions.create(ask);
      return Response.json({ text: answer.choices[0].message.content });
    }
    const stream = await client.chat.completions.create({ ...ask, stream: true });
    return new Response(stream.toReadableStream(), { headers: { 'content-type': 'application/x-ndjson' } });
  });
}
