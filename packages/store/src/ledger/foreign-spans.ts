import {
  PROVIDERS_BY_MODEL,
  PROVIDER_METADATA_ATTRIBUTE,
  PROVIDER_METADATA_OBJECTS,
  USAGE_JSON_OBJECTS,
  USAGE_JSON_PREFIX,
  type EmitterRule,
} from '@costel/semconv';
import { sqlString, sqlStrings } from './sql-text.js';

/* What only spans of other emitters need to be read: parts of the stages in ledger-select.ts. */

/**
 * What stands in attributes as JSON, as names and texts. Extraction answers nothing for what is no JSON; a null is nothing.
 * One extraction for all objects, each with the text that it stands in, its key and the prefix of its names.
 */
export function jsonEntries(): string {
  const objects: readonly (readonly [json: string, key: string, prefix: string])[] = [
    [`concat('{"usage":', usage_text, '}')`, 'usage', USAGE_JSON_PREFIX],
    ...USAGE_JSON_OBJECTS.map((key) => ['usage_text', key, `${USAGE_JSON_PREFIX}${key}.`] as const),
    ...PROVIDER_METADATA_OBJECTS.map((path) => {
      const outer = path.slice(0, -1).map(sqlString);
      const json = outer.length === 0 ? 'metadata_text' : `JSONExtractRaw(metadata_text, ${outer.join(', ')})`;
      return [json, path.at(-1) ?? '', `${PROVIDER_METADATA_ATTRIBUTE}.${path.join('.')}.`] as const;
    }),
  ];
  const entries = `arrayMap(
        (json, key, prefix) -> arrayMap(entry -> (concat(prefix, entry.1), entry.2), JSONExtractKeysAndValuesRaw(json, key)),
        [${objects.map(([json]) => json).join(', ')}], ${sqlStrings(objects.map(([, key]) => key))}, ${sqlStrings(objects.map(([, , prefix]) => prefix))}
    )`;
  return `arrayFilter(entry -> entry.2 != 'null', arrayFlatten(${entries}))`;
}

/** SQL: who alone sells a model, by the first letters of its name; empty for the others. */
export function makerOf(model: string): string {
  const prefixes = sqlStrings(Object.keys(PROVIDERS_BY_MODEL));
  const first = `arrayFirst(prefix -> startsWith(${model}, prefix), ${prefixes})`;
  return `transform(${first}, ${prefixes}, ${sqlStrings(Object.values(PROVIDERS_BY_MODEL))}, '')`;
}

/**
 * SQL: whether a span is of one of these emitters. The rules stand in arrays, not in conditions: ten of them took a fifth of
 * the planning of the view. A scope that must be met whole ends in a line feed, which no name of a scope has.
 */
export function isEmitter(rules: readonly EmitterRule[]): string {
  const scopes = rules.map(({ scopePrefix, scope = '' }) => scopePrefix ?? `${scope}\n`);
  const providers = rules.map(({ providerPrefix = '' }) => providerPrefix);
  const unless = rules.map(({ unlessAttribute = '' }) => unlessAttribute);
  return `arrayExists(
            (scope, maker, unless) -> startsWith(concat(ScopeName, char(10)), scope) AND startsWith(provider_text, maker)
                AND NOT has(mapKeys(SpanAttributes), unless),
            [${scopes.map((scope) => (scope.endsWith('\n') ? `concat(${sqlString(scope.slice(0, -1))}, char(10))` : sqlString(scope))).join(', ')}], ${sqlStrings(providers)}, ${sqlStrings(unless)}
        )`;
}
