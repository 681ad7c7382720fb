import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig, parseConfig } from '../../src/config/load-config.js';

const testdata = fileURLToPath(new URL('./testdata/', import.meta.url));

function problemsOf(text: string, file: string, env: Record<string, string> = {}): string[] {
  try {
    parseConfig(text, file, { env });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('a bad configuration file is refused with value, limit, fix, file and line', () => {
  const files = readdirSync(testdata);
  // What does not parse would stop a formatter of YAML or TOML, so such files end in `.bad`.
  it.each(files)('%s', (file) => {
    const text = readFileSync(join(testdata, file), 'utf8');
    const wanted = [...text.matchAll(/^# want: (.*)$/gm)].map((match) => match[1]);
    expect(wanted.length).toBeGreaterThan(0);
    expect(new Set(problemsOf(text, file.replace(/\.bad$/, '')))).toEqual(new Set(wanted));
  });

  it('names the line of a JSON syntax error', () => {
    expect(problemsOf('{\n  "tenant": "a",\n}', 'costel.json')[0]).toMatch(
      /^the configuration is not JSON: .* \(costel\.json:3\)$/,
    );
  });

  it('names the line of a wrong value in JSON', () => {
    expect(problemsOf('{\n  "tenant": 3\n}', 'costel.json')).toEqual(['tenant 3 must be a text (costel.json:2)']);
  });

  it('never shows what a secret reference stood for', () => {
    const text = 'channels:\n  - name: ops\n    type: webhook\n    url: ${env:HOOK}\n';
    const [problem] = problemsOf(text, 'costel.yaml', { HOOK: 'ftp://user:canary@example.com' });
    expect(problem).toContain('url ${env:HOOK} must be an http or https URL');
    expect(problem).not.toContain('canary');
  });

  it('says so when a file that was asked for cannot be read', () => {
    expect(() => loadConfig('/nowhere/costel.yaml')).toThrow(/the configuration cannot be read: ENOENT/);
  });

  it('answers any text with a configuration or a ConfigError', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double());
    const budget = fc.dictionary(
      fc.constantFrom('name', 'limit_usd', 'scope', 'window', 'thresholds', 'x'),
      fc.oneof(value, fc.array(value), fc.dictionary(fc.string(), value)),
    );
    fc.assert(
      fc.property(fc.array(budget), fc.constantFrom('a.yaml', 'a.json'), (budgets, file) => {
        for (const problem of problemsOf(JSON.stringify({ budgets }), file))
          expect(problem).toMatch(/\(a\.(yaml|json):\d+\)$/s);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a good configuration', () => {
  it('is complete when the file is empty', () => {
    const config = parseConfig('', '/srv/costel.yaml');
    expect(config).toEqual({
      server: {
        host: '127.0.0.1',
        port: 4320,
        otlpPort: 4318,
        clickhousePort: 8123,
        dataDirectory: '/srv/.costel',
        allowedHosts: [],
      },
      tenant: 'default',
      budgets: [],
      prices: { overrides: [], discounts: [] },
      channels: [],
      retention: { rawDays: 90, ledgerDays: 760 },
    });
  });

  it('reads the same from YAML, TOML and JSON', () => {
    const yaml =
      'budgets:\n  - name: search\n    limit_usd: 12.5\n    window: day\n    time_zone: Asia/Kathmandu\n    scope: { feature: search, tag.tier: [gold, silver] }\n    thresholds: [100, 50]\n';
    const toml =
      '[[budgets]]\nname = "search"\nlimit_usd = 12.5\nwindow = "day"\ntime_zone = "Asia/Kathmandu"\nthresholds = [100, 50]\n[budgets.scope]\nfeature = "search"\n"tag.tier" = ["gold", "silver"]\n';
    const json =
      '{"budgets":[{"name":"search","limit_usd":12.5,"window":"day","time_zone":"Asia/Kathmandu","thresholds":[100,50],"scope":{"feature":"search","tag.tier":["gold","silver"]}}]}';
    const expected = [
      {
        name: 'search',
        scope: { feature: ['search'], 'tag.tier': ['gold', 'silver'] },
        groupBy: [],
        limitUsd: '12.5',
        window: 'day',
        timeZone: 'Asia/Kathmandu',
        thresholdsPercent: [50, 100],
      },
    ];
    expect(parseConfig(yaml, 'costel.yaml').budgets).toEqual(expected);
    expect(parseConfig(toml, 'costel.toml').budgets).toEqual(expected);
    expect(parseConfig(json, 'costel.json').budgets).toEqual(expected);
  });

  it('keeps a limit in quotes to the last of twelve decimals', () => {
    const config = parseConfig('budgets: [{ name: a, limit_usd: "123456789.123456789012" }]', 'costel.yaml');
    expect(config.budgets[0]?.limitUsd).toBe('123456789.123456789012');
  });

  it('fills in secrets from the environment and from files', () => {
    const directory = mkdtempSync(join(tmpdir(), 'costel-config-'));
    const secretFile = join(directory, 'hook');
    writeFileSync(secretFile, 'https://two.example.com/x\n');
    const text = `channels:\n  - { name: one, type: webhook, url: "https://\${env:HOOK_HOST}/x" }\n  - { name: two, type: webhook, url: "\${file:${secretFile}}" }\n`;
    const config = parseConfig(text, 'costel.yaml', { env: { HOOK_HOST: 'one.example.com' } });
    expect(config.channels.map((channel) => channel.url)).toEqual([
      'https://one.example.com/x',
      'https://two.example.com/x',
    ]);
  });
});
