import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { copyFolder, loadSdk } from './load-sdk.js';

/** Packages without an entry point of their own name. */
const ENTRY_POINTS: Readonly<Record<string, string>> = {
  '@modelcontextprotocol/sdk': '@modelcontextprotocol/sdk/client/index.js',
  '@langchain/core': '@langchain/core/language_models/chat_models',
};

const copies = readdirSync(copyFolder('.'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /-\d+$/.test(entry.name))
  .map((entry) => entry.name);

describe('the SDK versions', () => {
  it.each(copies)('%s loads what it names', (copy) => {
    const { dependencies } = JSON.parse(readFileSync(`${copyFolder(copy)}package.json`, 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const [moduleName = ''] = Object.keys(dependencies);

    const entry = ENTRY_POINTS[moduleName] ?? moduleName;
    expect(Object.keys(loadSdk(copy, entry) as object).length).toBeGreaterThan(0);
  });
});
