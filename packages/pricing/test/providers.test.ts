import { describe, expect, it } from 'vitest';
import { findProvider, providerOfUrl, PROVIDERS } from '../src/index.js';
import { CATALOGUES } from '../src/catalogue/catalogues.js';

describe('the provider table', () => {
  it.each([
    ['https://api.openai.com/v1', 'openai'],
    ['https://eu.api.openai.com/v1/', 'openai'],
    ['https://api.anthropic.com', 'anthropic'],
    ['https://shop.openai.azure.com/openai/deployments/x', 'azure.ai.openai'],
    ['https://bedrock-runtime.eu-west-1.amazonaws.com', 'aws.bedrock'],
    ['https://generativelanguage.googleapis.com/v1beta', 'gcp.gemini'],
    ['https://europe-west1-aiplatform.googleapis.com/v1', 'gcp.vertex_ai'],
    ['https://user:secret@API.MISTRAL.AI:443/v1', 'mistral_ai'],
    ['https://openrouter.ai/api/v1', 'openrouter'],
    ['http://localhost:8080/v1', undefined],
    ['https://api.openai.com.example.org', undefined],
    ['https://example.org/?u=https://api.openai.com', undefined],
    ['not a url', undefined],
  ])('finds the provider of %s', (url, expected) => {
    expect(providerOfUrl(url)).toBe(expected);
  });

  it('names every provider and alias once', () => {
    const names = PROVIDERS.flatMap((row) => [row.name, ...row.aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => findProvider(name) !== undefined)).toBe(true);
  });

  it('points only to price lists that exist', () => {
    for (const catalogueId of PROVIDERS.flatMap((row) => row.catalogueIds)) {
      expect(
        CATALOGUES.some((catalogue) => catalogue.findProvider(catalogueId)),
        catalogueId,
      ).toBe(true);
    }
  });
});
