/**
 * Reads a Python expression made of literals, lists, dicts, names and calls with keyword arguments, without running
 * Python. A call becomes `{ call: 'Name', args: [...], …keywords }`, a name `{ name: 'datetime.UTC' }`.
 */
const TOKEN =
  /\s*(?:#[^\n]*\n\s*)*(?:([A-Za-z_][\w.]*)|(-?\d[\d_]*(?:\.\d+)?)|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|([()[\]{},:=]))/y;
const CONSTANTS = new Map([
  ['None', null],
  ['True', true],
  ['False', false],
]);
const ESCAPES = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
]);

class Tokens {
  constructor(text, start) {
    this.text = text;
    this.position = start;
    this.next();
  }

  next() {
    const previous = this.current;
    TOKEN.lastIndex = this.position;
    const match = TOKEN.exec(this.text);
    if (match === null) {
      this.current = { kind: 'end', value: '' };
      return previous;
    }
    this.position = TOKEN.lastIndex;
    const [, name, number, string, punctuation] = match;
    if (name !== undefined) this.current = { kind: 'name', value: name };
    else if (number !== undefined) this.current = { kind: 'number', value: Number(number.replaceAll('_', '')) };
    else if (string !== undefined) this.current = { kind: 'string', value: unescape(string) };
    else this.current = { kind: punctuation, value: punctuation };
    return previous;
  }

  take(kind) {
    if (this.current.kind !== kind) {
      throw new Error(
        `expected ${kind} before offset ${this.position}, found ${this.current.kind} ${JSON.stringify(this.current.value)}`,
      );
    }
    return this.next().value;
  }

  accept(kind) {
    if (this.current.kind !== kind) return false;
    this.next();
    return true;
  }
}

function unescape(literal) {
  return literal.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/g, (whole, code) => {
    if (code.length > 1) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    const character = ESCAPES.get(code);
    if (character === undefined) throw new Error(`unknown escape ${whole}`);
    return character;
  });
}

function parseItems(tokens, close, parseItem) {
  while (!tokens.accept(close)) {
    parseItem();
    if (!tokens.accept(',') && tokens.current.kind !== close) tokens.take(close);
  }
}

function parseCall(tokens, name) {
  const call = { call: name, args: [] };
  parseItems(tokens, ')', () => {
    const value = parseValue(tokens);
    if (tokens.accept('=')) call[value.name] = parseValue(tokens);
    else call.args.push(value);
  });
  return call;
}

function parseName(tokens) {
  const name = tokens.take('name');
  if (tokens.accept('(')) return parseCall(tokens, name);
  return CONSTANTS.has(name) ? CONSTANTS.get(name) : { name };
}

function parseValue(tokens) {
  switch (tokens.current.kind) {
    case 'name':
      return parseName(tokens);
    case 'number':
      return tokens.take('number');
    case 'string': {
      let text = tokens.take('string');
      while (tokens.current.kind === 'string') text += tokens.take('string');
      return text;
    }
    case '(': {
      tokens.take('(');
      const inner = parseValue(tokens);
      tokens.take(')');
      return inner;
    }
    case '[': {
      tokens.take('[');
      const list = [];
      parseItems(tokens, ']', () => list.push(parseValue(tokens)));
      return list;
    }
    case '{': {
      tokens.take('{');
      const entries = [];
      parseItems(tokens, '}', () => {
        const key = parseValue(tokens);
        tokens.take(':');
        entries.push([key, parseValue(tokens)]);
      });
      return Object.fromEntries(entries);
    }
    default:
      throw new Error(`unexpected ${tokens.current.kind} before offset ${tokens.position}`);
  }
}

/** Reads the value assigned to a module-level variable, e.g. `providers: list[Provider] = […]`. */
export function parsePythonAssignment(source, variable) {
  const match = new RegExp(`^${variable}(?::[^=\\n]+)? = `, 'm').exec(source);
  if (match === null) throw new Error(`the module assigns no "${variable}"`);
  return parseValue(new Tokens(source, match.index + match[0].length));
}
