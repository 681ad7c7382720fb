/** A Python value as data: literals, lists, dicts, and calls and names that are not run. */
export type PythonValue =
  | null
  | boolean
  | number
  | string
  | readonly PythonValue[]
  | PythonCall
  | PythonName
  | PythonDict;

/** A call with its keyword arguments, e.g. `Decimal('1')`. */
export interface PythonCall {
  readonly call: string;
  readonly args: readonly PythonValue[];
  readonly keywords: Readonly<Record<string, PythonValue>>;
}

/** A name that is no constant, e.g. `datetime.UTC`. */
export interface PythonName {
  readonly name: string;
}

/** A dict with text keys. */
export interface PythonDict {
  readonly dict: Readonly<Record<string, PythonValue>>;
}

const TOKEN =
  /\s*(?:#[^\n]*\n\s*)*(?:([A-Za-z_][\w.]*)|(-?\d[\d_]*(?:\.\d+)?)|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|([()[\]{},:=]))/y;

const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['None', null],
  ['True', true],
  ['False', false],
]);

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
]);

/** `punctuation` tokens have themselves as kind. */
interface Token {
  readonly kind: string;
  readonly text: string;
}

class Tokens {
  readonly #text: string;
  #position: number;
  #current: Token;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#position = start;
    this.#current = this.#read();
  }

  get kind(): string {
    return this.#current.kind;
  }

  #read(): Token {
    TOKEN.lastIndex = this.#position;
    const match = TOKEN.exec(this.#text);
    if (match === null) return { kind: 'end', text: '' };
    this.#position = TOKEN.lastIndex;
    const [, name, number, string, punctuation = ''] = match;
    if (name !== undefined) return { kind: 'name', text: name };
    if (number !== undefined) return { kind: 'number', text: number.replaceAll('_', '') };
    if (string !== undefined) return { kind: 'string', text: unescape(string) };
    return { kind: punctuation, text: punctuation };
  }

  /** The text of the current token, which must be of that kind, and on to the next. */
  take(kind: string): string {
    const { kind: found, text } = this.#current;
    if (found !== kind)
      throw new Error(`expected ${kind} before offset ${this.#position}, found ${found} ${JSON.stringify(text)}`);
    this.#current = this.#read();
    return text;
  }

  accept(kind: string): boolean {
    if (this.#current.kind !== kind) return false;
    this.#current = this.#read();
    return true;
  }
}

function unescape(literal: string): string {
  return literal.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/g, (whole, code: string) => {
    if (code.length > 1) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    const character = ESCAPES.get(code);
    if (character === undefined) throw new Error(`unknown escape ${whole}`);
    return character;
  });
}

function parseItems(tokens: Tokens, close: string, parseItem: () => void): void {
  while (!tokens.accept(close)) {
    parseItem();
    if (!tokens.accept(',') && tokens.kind !== close) tokens.take(close);
  }
}

function parseCall(tokens: Tokens, call: string): PythonCall {
  const args: PythonValue[] = [];
  const keywords: Record<string, PythonValue> = {};
  parseItems(tokens, ')', () => {
    const value = parseValue(tokens);
    if (isName(value) && tokens.accept('=')) keywords[value.name] = parseValue(tokens);
    else args.push(value);
  });
  return { call, args, keywords };
}

function parseDict(tokens: Tokens): PythonDict {
  const dict: Record<string, PythonValue> = {};
  parseItems(tokens, '}', () => {
    const key = parseValue(tokens);
    tokens.take(':');
    dict[typeof key === 'string' ? key : JSON.stringify(key)] = parseValue(tokens);
  });
  return { dict };
}

function parseValue(tokens: Tokens): PythonValue {
  switch (tokens.kind) {
    case 'name': {
      const name = tokens.take('name');
      if (tokens.accept('(')) return parseCall(tokens, name);
      const constant = CONSTANTS.get(name);
      return constant === undefined ? { name } : constant;
    }
    case 'number':
      return Number(tokens.take('number'));
    case 'string': {
      let text = tokens.take('string');
      // Texts side by side are one.
      while (tokens.kind === 'string') text += tokens.take('string');
      return text;
    }
    case '[': {
      tokens.take('[');
      const list: PythonValue[] = [];
      parseItems(tokens, ']', () => list.push(parseValue(tokens)));
      return list;
    }
    case '{':
      tokens.take('{');
      return parseDict(tokens);
    default: {
      tokens.take('(');
      const inner = parseValue(tokens);
      tokens.take(')');
      return inner;
    }
  }
}

/** Whether a value is a call. */
export function isCall(value: PythonValue | undefined): value is PythonCall {
  return typeof value === 'object' && value !== null && 'call' in value;
}

/** Whether a value is a name that is no constant. */
export function isName(value: PythonValue | undefined): value is PythonName {
  return typeof value === 'object' && value !== null && 'name' in value;
}

/** Whether a value is a dict. */
export function isDict(value: PythonValue | undefined): value is PythonDict {
  return typeof value === 'object' && value !== null && 'dict' in value;
}

/**
 * Reads the value assigned to a module-level variable, e.g. `providers: list[Provider] = […]`, without running Python.
 * @throws Error when the module assigns no such variable, or another expression than literals and calls.
 */
export function parsePythonAssignment(source: string, variable: string): PythonValue {
  const match = new RegExp(`^${variable}(?::[^=\\n]+)? = `, 'm').exec(source);
  if (match === null) throw new Error(`the module assigns no "${variable}"`);
  return parseValue(new Tokens(source, match.index + match[0].length));
}
