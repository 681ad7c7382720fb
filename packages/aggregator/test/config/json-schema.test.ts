import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../src/config/json-schema.js';

const committed = JSON.parse(readFileSync(new URL('../../costel.schema.json', import.meta.url), 'utf8')) as Record<
  string,
  unknown
>;

describe('costel.schema.json', () => {
  it('is what the configuration schema generates (if not: node packages/aggregator/scripts/write-config-schema.mjs)', () => {
    expect(committed).toEqual(configJsonSchema());
  });

  it('accepts a good file and refuses an unknown key', () => {
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const validate = ajv.compile(committed);
    expect(validate({ budgets: [{ name: 'search', limit_usd: 5, scope: { feature: 'search' } }] })).toBe(true);
    expect(validate({ bugets: [] })).toBe(false);
  });
});
