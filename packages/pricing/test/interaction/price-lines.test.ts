import { describe, expect, it } from 'vitest';
import { priceInteractionLines } from '../../src/index.js';

const good = JSON.stringify({
  id: 'i1',
  provider: 'openai',
  api: 'chat.completions',
  response: {
    status: 200,
    body_kind: 'json',
    body: { model: 'gpt-4o-mini', usage: { prompt_tokens: 1_000, completion_tokens: 100 } },
  },
});

async function* inPieces(text: string, size: number): AsyncGenerator<string> {
  for (let start = 0; start < text.length; start += size) yield text.slice(start, start + size);
}

async function answers(text: string, size = 1_000): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const answer of priceInteractionLines(inPieces(text, size), { now: 0 })) all.push(answer);
  return all;
}

describe('pricing lines', () => {
  it('answers every line, however the text is cut', async () => {
    for (const size of [1, 7, 1_000])
      expect(await answers(`${good}\n\n${good}`, size)).toMatchObject([
        { id: 'i1', cost_usd: '0.00021' },
        { id: 'i1' },
      ]);
  });

  it('names a line that is no interaction, and prices those after it', async () => {
    expect(await answers(`${good}\n{"id":\n[1]\n${good}\n`)).toMatchObject([
      { status: 'priced' },
      { line: 2, status: 'invalid_line', cost_usd: null, error: expect.stringMatching(/^line 2 is not JSON/) },
      { line: 3, status: 'invalid_line', error: 'line 3 is not a JSON object: [1]' },
      { status: 'priced' },
    ]);
  });

  it('reads a file of Windows: a mark of the encoding at its start, two characters at the end of a line', async () => {
    expect(await answers(`\uFEFF${good}\r\n[1]\r\n\r\n${good}\r\n`)).toMatchObject([
      { status: 'priced' },
      { line: 2, error: 'line 2 is not a JSON object: [1]' },
      { status: 'priced' },
    ]);
  });

  it('does not take an object without a response for a call that used nothing', async () => {
    expect(await answers(`{"model":"gpt-4o-mini"}\n${good}\n`)).toMatchObject([
      { line: 1, status: 'invalid_line', error: 'line 1 has no "response" object: {"model":"gpt-4o-mini"}' },
      { status: 'priced' },
    ]);
  });

  it('quotes no more of a bad line than a part', async () => {
    const [answer] = (await answers('x'.repeat(100_000))) as { error: string }[];
    expect(answer?.error.length).toBeLessThan(300);
  });
});
