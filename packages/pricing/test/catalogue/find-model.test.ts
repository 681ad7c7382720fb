import { describe, expect, it } from 'vitest';
import type { Catalogue, CatalogueModel, MatchClause } from '../../src/catalogue/catalogue.js';
import { findModel, matchesClause } from '../../src/catalogue/find-model.js';

describe('a match clause', () => {
  it.each<[MatchClause, string[], string[]]>([
    ['=gpt-4o', ['gpt-4o'], ['gpt-4o-mini']],
    ['^gpt-4o', ['gpt-4o-mini'], ['x-gpt-4o']],
    ['$-latest', ['gpt-latest'], ['latest-gpt']],
    ['*claude', ['us.claude-2'], ['clau']],
    ['~^o[134]', ['o3-mini'], ['o2']],
    [['|', '=a', '=b'], ['a', 'b'], ['c']],
    [['&', '^a', '$z'], ['abcz'], ['abc', 'xyz']],
  ])('%j accepts what it says and nothing else', (clause, accepted, refused) => {
    expect(accepted.every((name) => matchesClause(clause, name))).toBe(true);
    expect(refused.some((name) => matchesClause(clause, name))).toBe(false);
  });
});

describe('finding a model', () => {
  const model = (id: string, match: MatchClause): CatalogueModel => [id, match, []];
  const catalogue: Catalogue = {
    name: 'test',
    asOf: '2026-11-22',
    providerIds: [],
    findProvider: (id) =>
      id === 'maker'
        ? { models: [model('first', '^alpha'), model('second', '^alpha-2'), model('dated', '=beta-2025-12-11')] }
        : id === 'cloud'
          ? { fallback: ['maker'], models: [model('own', '=gamma')] }
          : undefined,
  };

  it('takes the first model that matches, letter case aside', () => {
    expect(findModel(catalogue, 'maker', 'ALPHA-2')?.model[0]).toBe('first');
  });

  it('reads a compact date as a dashed one', () => {
    expect(findModel(catalogue, 'maker', 'beta-20251211')?.model[0]).toBe('dated');
    expect(findModel(catalogue, 'maker', 'beta-20251311')).toBeUndefined();
  });

  it('looks at the provider’s own models, then at those it resells', () => {
    expect(findModel(catalogue, 'cloud', 'gamma')).toMatchObject({ isFallback: false });
    expect(findModel(catalogue, 'cloud', 'alpha')).toMatchObject({ isFallback: true });
    expect(findModel(catalogue, 'nowhere', 'alpha')).toBeUndefined();
  });
});
