import { asRecord, asText } from '../sdks/read-unknown.js';

/** A part of a message in the form of the conventions. */
export type Part =
  | { readonly type: 'text' | 'reasoning'; readonly content: string }
  | { readonly type: 'tool_call'; readonly id?: string; readonly name: string; readonly arguments?: unknown }
  | { readonly type: 'tool_call_response'; readonly id?: string; readonly response: unknown }
  | { readonly type: 'uri'; readonly modality: string; readonly uri: string }
  /** Media in the request itself: that there was some, and not the bytes. */
  | { readonly type: 'blob'; readonly modality: string; readonly mime_type?: string }
  /** What the conventions have no form for: its name alone. */
  | { readonly type: 'other'; readonly name: string };

/** A message in the form of the conventions; answers say why they ended. */
export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
  readonly finish_reason?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Characters of one text; longer ones are cut, and say so. */
const MAX_TEXT_CHARACTERS = 16_384;

function cut(text: string): string {
  return text.length <= MAX_TEXT_CHARACTERS ? text : `${text.slice(0, MAX_TEXT_CHARACTERS)} [cut]`;
}

/** A part of text. */
export function textPart(text: string, type: 'text' | 'reasoning' = 'text'): Part {
  return { type, content: cut(text) };
}

/** A call of a tool; arguments that are JSON text are told as what they mean. */
export function toolCallPart(name: string, id: string | undefined, given: unknown): Part {
  const parsed = typeof given === 'string' ? jsonOrText(given) : given;
  return {
    type: 'tool_call',
    ...(id === undefined ? {} : { id }),
    name,
    ...(parsed === undefined || parsed === '' ? {} : { arguments: parsed }),
  };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return cut(text);
  }
}

function toolResponsePart(id: string | undefined, response: unknown): Part {
  return {
    type: 'tool_call_response',
    ...(id === undefined ? {} : { id }),
    response: typeof response === 'string' ? cut(response) : withoutMedia(response, 0),
  };
}

/** Deeper than any tool's answer that a reader could use. */
const MAX_DEPTH = 12;

/** A value without bytes: media inside a tool's answer is as large there as anywhere. */
function withoutMedia(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.startsWith('data:') ? '[media]' : cut(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || depth > MAX_DEPTH) return '[media]';
  if (Array.isArray(value)) return value.map((item) => withoutMedia(item, depth + 1));
  const isInline = typeof value === 'object' && 'data' in value && ('mimeType' in value || 'media_type' in value);
  if (isInline) return '[media]';
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutMedia(item, depth + 1)]));
}

function mediaPart(url: string, modality: string): Part {
  const mimeType = /^data:([^;,]+)/.exec(url)?.[1];
  return url.startsWith('data:')
    ? { type: 'blob', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }) }
    : { type: 'uri', modality, uri: cut(url) };
}

function typeOf(part: Fields): string {
  return asText(part['type']) ?? '';
}

/** Readers of a part by the property that only such parts have; the first that fits is taken. */
const PART_READERS: readonly ((part: Fields) => Part | undefined)[] = [
  (part) => {
    const call = asRecord(part['function']) ?? asRecord(part['functionCall']) ?? asRecord(part['toolUse']);
    const name = asText(call?.['name']);
    if (call === undefined || name === undefined) return undefined;
    const id = asText(part['id']) ?? asText(call['id']) ?? asText(call['toolUseId']);
    return toolCallPart(name, id, call['arguments'] ?? call['args'] ?? call['input']);
  },
  (part) => {
    const name = asText(part['name']) ?? asText(part['toolName']);
    const isCall = ['tool_use', 'server_tool_use', 'function_call', 'tool-call', 'tool_call'].includes(typeOf(part));
    if (!isCall || name === undefined) return undefined;
    const id = asText(part['call_id']) ?? asText(part['id']) ?? asText(part['toolCallId']);
    return toolCallPart(name, id, part['input'] ?? part['arguments'] ?? part['args']);
  },
  (part) => {
    const inner = asRecord(part['functionResponse']) ?? asRecord(part['toolResult']);
    if (inner !== undefined)
      return toolResponsePart(asText(inner['id']) ?? asText(inner['toolUseId']), inner['response'] ?? inner['content']);
    const type = typeOf(part);
    if (!['tool_result', 'function_call_output', 'tool-result'].includes(type)) return undefined;
    const id = asText(part['tool_use_id']) ?? asText(part['call_id']) ?? asText(part['toolCallId']);
    return toolResponsePart(id, part['content'] ?? part['output'] ?? part['result']);
  },
  (part) => {
    const thinking =
      asText(part['thinking']) ?? asText(asRecord(asRecord(part['reasoningContent'])?.['reasoningText'])?.['text']);
    return thinking === undefined ? undefined : textPart(thinking, 'reasoning');
  },
  (part) => {
    const image = part['image_url'];
    const url = asText(image) ?? asText(asRecord(image)?.['url']);
    return url === undefined ? undefined : mediaPart(url, 'image');
  },
  (part) => {
    const text = asText(part['text']) ?? asText(part['refusal']);
    if (text === undefined) return undefined;
    const isReasoning = part['thought'] === true || ['reasoning', 'summary_text'].includes(typeOf(part));
    return textPart(text, isReasoning ? 'reasoning' : 'text');
  },
  (part) => {
    const inline =
      asRecord(part['inlineData']) ??
      asRecord(part['source']) ??
      asRecord(part['input_audio']) ??
      asRecord(part['image']);
    const mimeType = asText(inline?.['mimeType']) ?? asText(inline?.['media_type']) ?? asText(part['mediaType']);
    if (inline === undefined && mimeType === undefined) return undefined;
    const modality = mimeType?.split('/')[0] ?? (part['input_audio'] === undefined ? 'image' : 'audio');
    return { type: 'blob', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }) };
  },
];

/** A part of any provider's message. */
export function partOf(value: unknown): Part | undefined {
  if (typeof value === 'string') return value === '' ? undefined : textPart(value);
  const part = asRecord(value);
  if (part === undefined) return undefined;
  for (const read of PART_READERS) {
    const found = read(part);
    if (found !== undefined) return found;
  }
  const name = asText(part['type']);
  return name === undefined || name === 'text' ? undefined : { type: 'other', name };
}

/** The parts of a message's content: a text, one part, or a list of either. */
export function partsOf(content: unknown): readonly Part[] {
  const list: readonly unknown[] = Array.isArray(content) ? content : [content];
  return list.flatMap((item) => partOf(item) ?? []);
}

/** LangChain's messages tell their role by a method. */
function roleOf(message: Fields): string | undefined {
  const kind = message['_getType'];
  const own =
    asText(message['role']) ?? asText(typeof kind === 'function' ? Reflect.apply(kind, message, []) : undefined);
  return own === 'human' ? 'user' : own === 'ai' ? 'assistant' : own;
}

/** One message of any provider, or an item of the Responses API; undefined where there is nothing in it. */
export function messageOf(value: unknown, defaultRole: string): Message | undefined {
  if (typeof value === 'string') return value === '' ? undefined : { role: defaultRole, parts: [textPart(value)] };
  const message = asRecord(value);
  if (message === undefined) return undefined;
  const role = roleOf(message);
  const toolCallId = asText(message['tool_call_id']) ?? asText(message['toolCallId']);
  if (role === 'tool' && toolCallId !== undefined)
    return { role, parts: [toolResponsePart(toolCallId, message['content'])] };
  const content = message['content'] ?? message['parts'] ?? message['summary'];
  const calls = message['tool_calls'] ?? message['toolCalls'];
  const reasoning = asText(message['reasoning_content']) ?? asText(message['thinking']) ?? asText(message['reasoning']);
  const parts: Part[] = [
    ...(reasoning === undefined ? [] : [textPart(reasoning, 'reasoning')]),
    ...(content === undefined && role === undefined ? partsOf(message) : partsOf(content)),
    ...(Array.isArray(calls) ? partsOf(calls) : []),
    ...(typeof message['refusal'] === 'string' ? partsOf(message['refusal']) : []),
  ];
  if (parts.length === 0) return undefined;
  const isResponse = parts.every(({ type }) => type === 'tool_call_response');
  return { role: role ?? (isResponse ? 'tool' : defaultRole), parts };
}
