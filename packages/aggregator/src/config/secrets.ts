import { readFileSync } from 'node:fs';
import type { ConfigPath } from './parse-source.js';

/** Where references such as `${env:NAME}` are looked up. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile?: (path: string) => string;
}

/** A configuration with its references filled in. */
export interface ResolvedSecrets {
  readonly value: unknown;
  /** The text as written, by the path (joined with NUL) of each value that a reference went into: never print these. */
  readonly references: ReadonlyMap<string, string>;
  readonly problems: readonly { readonly path: ConfigPath; readonly message: string }[];
}

/** Replaces `${env:NAME}` and `${file:PATH}` in every text of a configuration. */
export function resolveSecrets(root: unknown, sources: SecretSources): ResolvedSecrets {
  const references = new Map<string, string>();
  const problems: { path: ConfigPath; message: string }[] = [];
  const readFile = sources.readFile ?? ((path: string): string => readFileSync(path, 'utf8'));

  const fill = (path: ConfigPath, text: string): string =>
    text.replaceAll(/\$\{([^}]*)\}/g, (whole, reference: string) => {
      const [kind = '', ...rest] = reference.split(':');
      const target = rest.join(':');
      references.set(path.join('\0'), text);
      if (kind === 'env' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(target)) {
        const value = sources.env[target];
        if (value !== undefined) return value;
        problems.push({ path, message: `${whole} is not set; set the environment variable ${target}` });
      } else if (kind === 'file' && target !== '') {
        try {
          return readFile(target).replace(/\r?\n$/, '');
        } catch (error) {
          problems.push({
            path,
            message: `${whole} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
          });
        }
      } else {
        problems.push({ path, message: `${whole} is no reference; write \${env:NAME} or \${file:PATH}` });
      }
      return whole;
    });

  const walk = (path: ConfigPath, value: unknown): unknown => {
    if (typeof value === 'string') return fill(path, value);
    if (Array.isArray(value)) return value.map((item: unknown, index) => walk([...path, index], item));
    // TOML has a type of its own for times; they are texts in YAML and JSON.
    if (value instanceof Date) return value.toISOString();
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk([...path, key], item)]));
  };
  const value = walk([], root);
  return { value, references, problems };
}
