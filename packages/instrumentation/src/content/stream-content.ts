import { asRecord, asText } from '../sdks/read-unknown.js';
import { readAnswerContent, withReason } from './answer-content.js';
import { partOf, textPart, toolCallPart, type Message, type Part } from './message.js';
import { decoded } from './request-content.js';

type Fields = Readonly<Record<string, unknown>>;

/** What arrives of one part of an answer, piece by piece. */
interface Growing {
  kind: 'text' | 'reasoning' | 'tool_call';
  text: string;
  id: string | undefined;
  name: string;
}

/** Characters kept of a streamed answer. */
const MAX_STREAM_CHARACTERS = 65_536;

/** A field of the chunk itself: a getter of the SDK's class may repeat the text, or warn whoever reads it. */
function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Puts a streamed answer together again, whichever API it is of. */
export class StreamContent {
  readonly #parts = new Map<string, Growing>();
  readonly #whole: Part[] = [];
  #final: readonly Message[] | undefined;
  #reason: unknown;
  #characters = 0;

  /** One chunk as the SDK hands it out. */
  push(chunk: unknown): void {
    const event = asRecord(decoded(asRecord(asRecord(chunk)?.['chunk'])?.['bytes']) ?? chunk);
    if (event === undefined) return;
    const data = asRecord(own(event, 'data')) ?? event;
    this.#reason = reasonIn(data) ?? this.#reason;
    const response = asRecord(data['response']);
    if (response !== undefined && Array.isArray(response['output']) && response['output'].length > 0)
      this.#final = readAnswerContent(response);
    for (const choice of listOf(data['choices'])) this.#pushChoice(choice);
    for (const candidate of listOf(data['candidates'])) this.#pushParts(asRecord(candidate['content'])?.['parts']);
    this.#pushBlock(data);
    this.#pushPlain(data);
  }

  /** The answer as far as it came. */
  messages(): readonly Message[] {
    if (this.#final !== undefined) return this.#final;
    const parts = [...this.#parts.values()].flatMap((part) => finished(part));
    const all = [...parts, ...this.#whole];
    return all.length === 0 ? [] : withReason({ role: 'assistant', parts: all }, this.#reason);
  }

  /** OpenAI's form, which most others follow. */
  #pushChoice(choice: Fields): void {
    const delta = asRecord(choice['delta']) ?? {};
    const index = numberText(choice['index'], 0);
    this.#grow(`${index} text`, 'text', delta['content'] ?? choice['text']);
    this.#grow(`${index} reasoning`, 'reasoning', delta['reasoning_content'] ?? delta['reasoning']);
    listOf(delta['tool_calls'] ?? delta['toolCalls']).forEach((call, position) => {
      const fn = asRecord(call['function']) ?? {};
      this.#growCall(`${index} call ${numberText(call['index'], position)}`, call['id'], fn['name'], fn['arguments']);
    });
  }

  /** Blocks with an index: Anthropic's, Bedrock's, and Cohere's. */
  #pushBlock(data: Fields): void {
    const step = asRecord(data['contentBlockDelta']);
    const key = blockKey(data);
    this.#beginCall(key, data);
    const inner = asRecord(data['delta']) ?? asRecord(step?.['delta']) ?? {};
    this.#grow(key, 'text', inner['text']);
    this.#grow(`${key} reasoning`, 'reasoning', inner['thinking'] ?? asRecord(inner['reasoningContent'])?.['text']);
    this.#growCall(key, undefined, undefined, inner['partial_json'] ?? asRecord(inner['toolUse'])?.['input']);
    const content = asRecord(inner['message'])?.['content'];
    this.#grow(key, 'text', asRecord(content)?.['text']);
    this.#pushTyped(key, data);
  }

  #beginCall(key: string, data: Fields): void {
    const started = asRecord(asRecord(data['contentBlockStart'])?.['start']);
    const block = asRecord(data['content_block']) ?? asRecord(started?.['toolUse']) ?? {};
    if (asText(block['name']) !== undefined) this.#growCall(key, block['id'] ?? block['toolUseId'], block['name'], '');
    const item = asRecord(data['item']);
    if (item?.['type'] === 'function_call') this.#growCall(key, item['call_id'], item['name'], '');
  }

  /** Events whose type says what their `delta` is: those of the Responses API and of the AI SDK. */
  #pushTyped(key: string, data: Fields): void {
    const { type, delta } = data;
    if (type === 'response.function_call_arguments.delta') this.#growCall(key, undefined, undefined, delta);
    else if (type === 'response.output_text.delta' || type === 'text-delta')
      this.#grow(key, 'text', delta ?? data['textDelta']);
    else if (type === 'reasoning-delta' || type === 'reasoning')
      this.#grow(`${key} reasoning`, 'reasoning', delta ?? data['textDelta']);
    else if (type === 'tool-call') this.#pushParts([data]);
  }

  /** Chunks that hold a message or a text themselves: Ollama's, LangChain's, Cohere's first version. */
  #pushPlain(data: Fields): void {
    const message = asRecord(data['message']);
    if (message !== undefined && data['type'] === undefined) {
      this.#grow('text', 'text', message['content']);
      this.#grow('reasoning', 'reasoning', message['thinking']);
      if (Array.isArray(message['tool_calls']) && typeof message['role'] === 'string')
        this.#pushParts(message['tool_calls']);
    }
    if (message === undefined) this.#grow('text', 'text', own(data, 'response') ?? own(data, 'text'));
  }

  #pushParts(parts: unknown): void {
    for (const value of listOf(parts)) {
      const part = partOf(value);
      if (part === undefined) continue;
      if (part.type === 'text' || part.type === 'reasoning') this.#grow(part.type, part.type, part.content);
      else if (this.#whole.length < MAX_PARTS) this.#whole.push(part);
    }
  }

  #grow(key: string, kind: 'text' | 'reasoning', piece: unknown): void {
    if (typeof piece !== 'string' || piece === '' || this.#characters > MAX_STREAM_CHARACTERS) return;
    this.#characters += piece.length;
    const part = this.#partAt(key, kind);
    if (part !== undefined) part.text += piece;
  }

  #growCall(key: string, id: unknown, name: unknown, piece: unknown): void {
    if (id === undefined && name === undefined && typeof piece !== 'string') return;
    const part = this.#partAt(key, 'tool_call');
    if (part === undefined) return;
    part.kind = 'tool_call';
    part.id ??= asText(id);
    if (part.name === '') part.name = asText(name) ?? '';
    if (typeof piece !== 'string' || this.#characters > MAX_STREAM_CHARACTERS) return;
    this.#characters += piece.length;
    part.text += piece;
  }

  #partAt(key: string, kind: Growing['kind']): Growing | undefined {
    const known = this.#parts.get(key);
    if (known !== undefined || this.#parts.size >= MAX_PARTS) return known;
    const part: Growing = { kind, text: '', id: undefined, name: '' };
    this.#parts.set(key, part);
    return part;
  }
}

/** Parts kept of a streamed answer. */
const MAX_PARTS = 200;

function finished({ kind, text, id, name }: Growing): readonly Part[] {
  if (kind === 'tool_call') return name === '' ? [] : [toolCallPart(name, id, text)];
  return [textPart(text, kind)];
}

function listOf(value: unknown): readonly Fields[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.map(asRecord).filter((item) => item !== undefined);
}

function blockKey(data: Fields): string {
  const inner = asRecord(data['contentBlockStart']) ?? asRecord(data['contentBlockDelta']);
  return `block ${numberText(data['index'] ?? inner?.['contentBlockIndex'] ?? data['output_index'], 0)}`;
}

function numberText(value: unknown, otherwise: number): string {
  return String(typeof value === 'number' ? value : otherwise);
}

function reasonIn(data: Fields): unknown {
  const [choice] = listOf(data['choices'] ?? data['candidates']);
  return (
    choice?.['finish_reason'] ??
    choice?.['finishReason'] ??
    asRecord(data['delta'])?.['stop_reason'] ??
    asRecord(data['messageStop'])?.['stopReason'] ??
    data['done_reason'] ??
    (data['type'] === 'finish' ? data['finishReason'] : undefined)
  );
}
