import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SDKS_DIRECTORY = fileURLToPath(new URL('../../../../test/sdks/', import.meta.url));

/** An application that runs in a folder where `openai` or `@anthropic-ai/sdk` resolves to one of the tested copies. */
export interface App {
  readonly copy: string;
  /** File name; its extension decides between ES modules and CommonJS. */
  readonly file: string;
  readonly source: string;
  readonly nodeArguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Told of everything the application prints. */
  readonly onOutput?: (text: string, child: ChildProcess) => void;
}

export interface AppResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly tookMs: number;
}

/** Runs an application to its end. */
export async function runApp(app: App): Promise<AppResult> {
  const folder = mkdtempSync(join(SDKS_DIRECTORY, app.copy, 'tmp-'));
  writeFileSync(join(folder, app.file), app.source);
  try {
    return await new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const child = spawn(process.execPath, [...(app.nodeArguments ?? []), app.file], {
        cwd: folder,
        env: { PATH: process.env['PATH'] ?? '', ...app.environment },
      });
      let output = '';
      const onData = (data: Buffer): void => {
        output += data.toString();
        app.onOutput?.(output, child);
      };
      child.stdout.on('data', onData);
      child.stderr.on('data', onData);
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, output, tookMs: performance.now() - startedAt }));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Source of a provider that answers everything with one JSON body, as a function `provider()` that gives its URL. */
export const PROVIDER_SOURCE = `
async function provider(body) {
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return { url: 'http://127.0.0.1:' + server.address().port, close: () => { server.close(); server.closeAllConnections(); } };
}
const CHAT = { id: 'chatcmpl-fixed', object: 'chat.completion', model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content: 'four' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } };
const MESSAGE = { id: 'msg_fixed', type: 'message', role: 'assistant', model: 'claude-sonnet-4-6',
  content: [{ type: 'text', text: 'four' }], stop_reason: 'end_turn', usage: { input_tokens: 10, output_tokens: 5 } };
`;

/** Source that makes one call with the SDK of a copy and prints the answer. */
export function callSource(copy: string): string {
  return copy.startsWith('openai')
    ? `
const { url, close } = await provider(CHAT);
const client = new OpenAI({ apiKey: 'k', baseURL: url + '/v1' });
const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] });
console.log(answer.choices[0].message.content);
close();
`
    : `
const { url, close } = await provider(MESSAGE);
const client = new Anthropic({ apiKey: 'k', baseURL: url });
const answer = await client.messages.create({ model: 'claude-sonnet-4-6', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] });
console.log(answer.content[0].text);
close();
`;
}

/** The static import of a copy's SDK. */
export function importSource(copy: string): string {
  return copy.startsWith('openai') ? `import OpenAI from 'openai';` : `import Anthropic from '@anthropic-ai/sdk';`;
}

/** The `require` of a copy's SDK. */
export function requireSource(copy: string): string {
  return copy.startsWith('openai')
    ? `const OpenAI = require('openai');`
    : `const Anthropic = require('@anthropic-ai/sdk');`;
}
