import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hookRequire } from '../../src/patching/require-hook.js';
import type { SdkDefinition } from '../../src/sdks/sdk-definition.js';

const folder = mkdtempSync(join(tmpdir(), 'costel-require-'));
const SDK: SdkDefinition = {
  moduleName: 'no-main',
  requirePaths: ['no-main/client'],
  clientExports: [],
  tested: { from: [1, 0], below: [2, 0] },
  methods: [],
  defaultProvider: '',
  providerByClass: {},
  readRequest: () => ({ model: '', stream: false }),
};

beforeAll(() => {
  const own = join(folder, 'node_modules', 'no-main');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'package.json'), JSON.stringify({ name: 'no-main', version: '1.2.3' }));
  writeFileSync(join(own, 'client.js'), 'exports.answer = 4;');
  writeFileSync(join(own, 'other.js'), 'exports.answer = 5;');
  writeFileSync(join(own, 'broken.js'), 'throw new Error("broken")');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the hook of require', () => {
  const requireOf = createRequire(join(folder, 'app.cjs'));

  it('sees the module once, with its version, and hands out what was loaded', () => {
    const seen: unknown[] = [];
    const unhook = hookRequire(SDK, (moduleExports, version) => seen.push([moduleExports, version]));
    const loaded: unknown = requireOf('no-main/client');
    expect(requireOf('no-main/client')).toBe(loaded);
    requireOf('no-main/other');
    unhook();
    expect(seen).toEqual([[loaded, '1.2.3']]);
  });

  it('leaves a package with a main module to OpenTelemetry’s own hook, which would tell of it twice', () => {
    const own = join(folder, 'node_modules', 'with-main');
    mkdirSync(own, { recursive: true });
    writeFileSync(
      join(own, 'package.json'),
      JSON.stringify({ name: 'with-main', version: '1.2.3', main: './main.js' }),
    );
    for (const file of ['main', 'client']) writeFileSync(join(own, `${file}.js`), 'exports.answer = 4;');
    const seen: unknown[] = [];
    const sdk = { ...SDK, moduleName: 'with-main', requirePaths: ['with-main/client'] };
    const unhook = hookRequire(sdk, () => seen.push('seen'));
    expect(requireOf('with-main/client')).toEqual({ answer: 4 });
    unhook();
    expect(seen).toEqual([]);
  });

  it('that fails, and a module that cannot be loaded, change nothing', () => {
    const unhook = hookRequire({ ...SDK, requirePaths: ['no-main/client', 'no-main/broken'] }, () => {
      throw new Error('trouble');
    });
    expect(requireOf('no-main/client')).toEqual({ answer: 4 });
    expect(() => requireOf('no-main/broken') as unknown).toThrow('broken');
    expect(() => requireOf('no-main/absent') as unknown).toThrow('Cannot find module');
    unhook();
  });

  it('sees nothing once it is taken away, also from below another', () => {
    const seen: unknown[] = [];
    const first = hookRequire(SDK, () => seen.push('first'));
    const second = hookRequire(SDK, () => seen.push('second'));
    first();
    requireOf('no-main/client');
    second();
    requireOf('no-main/client');
    expect(seen).toEqual(['second']);
  });
});
