import { asRecord } from '../sdks/read-unknown.js';
import { messageOf, partsOf, type Message, type Part } from './message.js';

/** What a request says, in the form of the conventions. */
export interface RequestContent {
  readonly messages: readonly Message[];
  readonly system: readonly Part[];
  /** As the request has them. */
  readonly tools: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** Where requests hold what the model reads; the first that is there is taken. */
const INPUT_FIELDS = ['messages', 'contents', 'input', 'prompt', 'message', 'query', 'texts', 'content'] as const;

const SYSTEM_FIELDS = ['system', 'instructions', 'systemInstruction', 'preamble'] as const;

function firstOf(fields: Fields, names: readonly string[]): unknown {
  for (const name of names) if (fields[name] !== undefined && fields[name] !== null) return fields[name];
  return undefined;
}

function messagesOf(input: unknown): readonly Message[] {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  return list.flatMap((item) => messageOf(item, 'user') ?? []);
}

/** The request as it was made, decoded where an SDK sends bytes. */
export function requestFieldsOf(request: unknown): Fields {
  const fields = asRecord(request) ?? {};
  const { body } = fields;
  return (typeof body === 'string' || body instanceof Uint8Array ? asRecord(decoded(body)) : undefined) ?? fields;
}

/** JSON out of text or bytes; anything else as it is. */
export function decoded(value: unknown): unknown {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return value;
  try {
    return JSON.parse(typeof value === 'string' ? value : new TextDecoder().decode(value)) as unknown;
  } catch {
    return undefined;
  }
}

/** Reads a request of any API that the SDKs make. */
export function readRequestContent(request: unknown): RequestContent {
  const fields = requestFieldsOf(request);
  const config = asRecord(fields['config']) ?? {};
  const history = fields['chat_history'] ?? fields['chatHistory'];
  const system = firstOf(fields, SYSTEM_FIELDS) ?? firstOf(config, SYSTEM_FIELDS);
  return {
    messages: [...(history === undefined ? [] : messagesOf(history)), ...messagesOf(firstOf(fields, INPUT_FIELDS))],
    system: asRecord(system)?.['parts'] === undefined ? partsOf(system) : partsOf(asRecord(system)?.['parts']),
    tools: fields['tools'] ?? config['tools'] ?? asRecord(fields['toolConfig'])?.['tools'],
  };
}
