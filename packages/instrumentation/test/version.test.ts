import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { INSTRUMENTATION_NAME, INSTRUMENTATION_VERSION } from '../src/version.js';

it('the scope of spans and metrics has the name and version of the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Record<
    string,
    unknown
  >;
  expect(manifest).toMatchObject({ name: INSTRUMENTATION_NAME, version: INSTRUMENTATION_VERSION });
});
