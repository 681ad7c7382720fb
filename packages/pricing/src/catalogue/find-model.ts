import type { Catalogue, CatalogueModel, CatalogueProvider, MatchClause } from './catalogue.js';
import { hasOwnPrice } from './corrections.js';

/** Compiled expressions; there are as many as the catalogues hold, so the map is bounded. */
const expressions = new Map<string, RegExp>();

function testExpression(source: string, text: string): boolean {
  let expression = expressions.get(source);
  if (expression === undefined) {
    expression = new RegExp(source);
    expressions.set(source, expression);
  }
  return expression.test(text);
}

/** Whether a model name in lower case satisfies a clause. */
export function matchesClause(clause: MatchClause, name: string): boolean {
  if (typeof clause !== 'string') {
    const [operator, ...clauses] = clause;
    return operator === '|'
      ? clauses.some((part) => matchesClause(part, name))
      : clauses.every((part) => matchesClause(part, name));
  }
  const text = clause.slice(1);
  switch (clause.slice(0, 1)) {
    case '=':
      return name === text;
    case '^':
      return name.startsWith(text);
    case '$':
      return name.endsWith(text);
    case '*':
      return name.includes(text);
    case '~':
      return testExpression(text, name);
    default:
      return false;
  }
}

/** A model and whether it is the provider's own listing or that of the provider it resells. */
export interface FoundModel {
  readonly model: CatalogueModel;
  readonly isFallback: boolean;
}

function findListed(provider: CatalogueProvider | undefined, name: string): CatalogueModel | undefined {
  return provider?.models.find(([, match]) => matchesClause(match, name));
}

function findByName(
  catalogue: Catalogue,
  providerId: string,
  provider: CatalogueProvider,
  name: string,
): FoundModel | undefined {
  const own = findListed(provider, name);
  if (own !== undefined) return { model: own, isFallback: false };
  for (const id of provider.fallback ?? []) {
    const model = hasOwnPrice(providerId, id, name) ? undefined : findListed(catalogue.findProvider(id), name);
    if (model !== undefined) return { model, isFallback: true };
  }
  return undefined;
}

/** `-20251211` as `-2025-12-11`: routers write dated names without dashes. */
function dashDate(name: string): string {
  return name.replace(/-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/, '-$1-$2-$3');
}

/** `ft:gpt-4.1-mini-2025-04-14:acme::id` as `ft:gpt-4.1-mini-2025-04-14`: all that were tuned from one model have one price. */
function fineTunedBase(name: string): string {
  return name.replace(/^(ft:[^:]+):.*$/, '$1');
}

/** The catalogue's model for a name as a provider writes it, letter case aside. */
export function findModel(catalogue: Catalogue, providerId: string, modelName: string): FoundModel | undefined {
  const provider = catalogue.findProvider(providerId);
  if (provider === undefined) return undefined;
  const name = modelName.trim().toLowerCase();
  const found = findByName(catalogue, providerId, provider, name);
  if (found !== undefined) return found;
  const spelled = dashDate(fineTunedBase(name));
  return spelled === name ? undefined : findByName(catalogue, providerId, provider, spelled);
}
