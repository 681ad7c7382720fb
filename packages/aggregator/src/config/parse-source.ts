import { parse as parseToml, TomlError } from 'smol-toml';
import { isMap, isNode, isPair, LineCounter, parseDocument, type Node, type Pair } from 'yaml';
import { ConfigError } from './config-error.js';
import { indexTomlLines } from './toml-lines.js';

/** Where in a configuration a value is, e.g. `['budgets', 0, 'limit_usd']`. */
export type ConfigPath = readonly (string | number)[];

/** A configuration file's content and a way back from a path to the line it was written on. */
export interface ParsedSource {
  readonly value: unknown;
  /** The one-based line of the key at a path, or of the nearest thing around it. */
  readonly lineOf: (path: ConfigPath) => number | undefined;
}

/**
 * Reads YAML, TOML or JSON, told apart by the file's extension (anything else is YAML).
 * @throws ConfigError `config_unreadable` with the line of the first syntax error.
 */
export function parseSource(text: string, file: string): ParsedSource {
  if (/\.toml$/i.test(file)) return parseTomlSource(text, file);
  if (/\.json$/i.test(file)) checkJson(text, file);
  return parseYamlSource(text, file);
}

function checkJson(text: string, file: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
    const line = text.slice(0, position).split('\n').length;
    throw new ConfigError(
      'config_unreadable',
      [{ message: `the configuration is not JSON: ${message}`, file, line }],
      error,
    );
  }
}

function parseYamlSource(text: string, file: string): ParsedSource {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, version: '1.2' });
  const lineAt = (offset: number): number => lineCounter.linePos(offset).line;
  const [error] = document.errors;
  if (error) {
    throw new ConfigError(
      'config_unreadable',
      [{ message: `the configuration is not YAML: ${error.message}`, file, line: lineAt(error.pos[0]) }],
      error,
    );
  }
  const lineOf = (path: ConfigPath): number | undefined => {
    const offset = offsetOf(document.contents, path);
    return offset === undefined ? undefined : lineAt(offset);
  };
  return { value: document.toJS({ maxAliasCount: 100 }) as unknown, lineOf };
}

/** Follows a path as far as it goes and gives the offset of the last key met. */
function offsetOf(root: Node | null, path: ConfigPath): number | undefined {
  let node: unknown = root;
  let offset = root?.range?.[0];
  for (const step of path) {
    const pair: Pair | undefined = isMap(node) ? node.items.find((item) => keyText(item) === String(step)) : undefined;
    const key: unknown = pair?.key;
    node = isPair(pair) ? pair.value : childOf(node, step);
    const found = isNode(key) ? key.range?.[0] : isNode(node) ? node.range?.[0] : undefined;
    if (found === undefined) break;
    offset = found;
  }
  return offset;
}

function keyText(pair: Pair): string {
  return isNode(pair.key) ? String(pair.key) : typeof pair.key === 'string' ? pair.key : '';
}

function childOf(node: unknown, step: string | number): unknown {
  const items = isNode(node) && 'items' in node && Array.isArray(node.items) ? (node.items as unknown[]) : [];
  return typeof step === 'number' ? items[step] : undefined;
}

function parseTomlSource(text: string, file: string): ParsedSource {
  try {
    const lines = indexTomlLines(text);
    const lineOf = (path: ConfigPath): number | undefined => {
      for (let length = path.length; length > 0; length--) {
        const line = lines.get(path.slice(0, length).join('\0'));
        if (line !== undefined) return line;
      }
      return undefined;
    };
    return { value: parseToml(text), lineOf };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = `the configuration is not TOML: ${error.message.split('\n')[0] ?? ''}`;
    throw new ConfigError('config_unreadable', [{ message, file, line: error.line }], error);
  }
}
