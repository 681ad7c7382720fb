import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { copyFolder } from './load-sdk.js';

const PRELOAD = fileURLToPath(new URL('../../../packages/node/dist/preload.js', import.meta.url));

/** Packages whose calls are in a module that is not the main one. */
const ENTRY_POINTS: Readonly<Record<string, string>> = {
  '@modelcontextprotocol/sdk': '@modelcontextprotocol/sdk/client/index.js',
  '@langchain/core': '@langchain/core/language_models/chat_models',
};

/**
 * Copies that are patched on their own as ES modules only: Mistral's has no other form that Node 20 could require, and
 * the hook of `require` gives up on packages without a main module, as MCP's is; `instrumentModule` does it there.
 */
const ESM_ONLY: readonly string[] = ['mistral-2', 'mcp-1'];

/** Older than what is patched. */
const TOO_OLD: readonly string[] = ['openai-5'];

const copies = readdirSync(copyFolder('.'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /-\d+$/.test(entry.name))
  .map((entry) => entry.name);

function mainDependency(copy: string): { name: string; version: string } {
  const { dependencies } = JSON.parse(readFileSync(`${copyFolder(copy)}package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const names = Object.keys(dependencies);
  const name = names.find((each) => ['ai', '@langchain/core'].includes(each)) ?? names[0] ?? '';
  return { name, version: dependencies[name] ?? '' };
}

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs an application in the folder of a copy, started with `--import`. */
async function run(copy: string, file: string, source: string): Promise<Ran> {
  const folder = mkdtempSync(join(copyFolder(copy), 'tmp-'));
  writeFileSync(join(folder, file), source);
  const environment = { OTEL_LOG_LEVEL: 'info', OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', PRELOAD, file], {
        cwd: folder,
        env: { PATH: process.env['PATH'] ?? '', ...environment },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data: Buffer) => {
          output += data.toString();
        });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, output }));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function expectPatched({ code, output }: Ran, name: string, version: string): void {
  expect(code, output).toBe(0);
  expect(output).toContain('loaded');
  const lines = output.split('\n').filter((line) => line.includes(`patched ${name} ${version}: `));
  expect(lines, output).toHaveLength(1);
  expect(output).not.toContain('not among the tested versions');
  expect(output).not.toContain('was loaded before Costel');
}

describe.each(copies.filter((copy) => !TOO_OLD.includes(copy)))(
  'node --import @costel/node/register with %s',
  (copy) => {
    const { name, version } = mainDependency(copy);
    const entry = ENTRY_POINTS[name] ?? name;

    it('says in one line what it patched of the ES module', async () => {
      expectPatched(await run(copy, 'app.mjs', `import '${entry}'; console.log('loaded');`), name, version);
    });

    if (!ESM_ONLY.includes(copy))
      it('says in one line what it patched of the CommonJS module', async () => {
        expectPatched(await run(copy, 'app.cjs', `require('${entry}'); console.log('loaded');`), name, version);
      });
  },
);

it.each(TOO_OLD)('an SDK that is too old is left alone, and what to do is said once: %s', async (copy) => {
  const { name, version } = mainDependency(copy);
  const { code, output } = await run(copy, 'app.mjs', `import '${name}'; console.log('loaded');`);
  expect(code).toBe(0);
  expect(
    output.match(new RegExp(`${name} ${version} is older than the supported .* update the SDK`, 'g')),
  ).toHaveLength(1);
});
