import { readFileSync } from 'node:fs';

/** The package's `sql/` directory; the same place seen from `src/` and from `dist/`. */
const SQL_DIRECTORY = new URL('../sql/', import.meta.url);

/** Where the migrations are. */
export const MIGRATIONS_DIRECTORY = new URL('migrations/', SQL_DIRECTORY);

const cache = new Map<string, string>();

/**
 * A named query of `sql/queries/`, with its `{{fragment}}`s filled in. Fragments are identifiers and expressions out of
 * our own allow-lists, never values: those are bound as `{name:Type}`.
 * @throws Error when the file has a fragment that was not given.
 */
export function querySql(name: string, fragments: Readonly<Record<string, string>> = {}): string {
  let text = cache.get(name);
  if (text === undefined) {
    text = readFileSync(new URL(`queries/${name}.sql`, SQL_DIRECTORY), 'utf8');
    cache.set(name, text);
  }
  return fillFragments(text, fragments, `queries/${name}.sql`);
}

/** Replaces `{{name}}` by its fragment. @throws Error for a name without one. */
export function fillFragments(text: string, fragments: Readonly<Record<string, string>>, file: string): string {
  return text.replaceAll(/\{\{([a-z_]+)\}\}/g, (_match, name: string) => {
    const fragment = fragments[name];
    if (fragment === undefined) throw new Error(`${file} needs a fragment "${name}"`);
    return fragment;
  });
}
