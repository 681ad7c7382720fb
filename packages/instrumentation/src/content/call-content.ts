import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_DEFINITIONS,
} from '@costel/semconv';
import { context, trace, type Span } from '@opentelemetry/api';
import { guarded } from '../telemetry/trouble.js';
import type { AttributeTarget } from '../telemetry/span-attributes.js';
import { readAnswerContent } from './answer-content.js';
import type { ContentCapture } from './content-mode.js';
import type { Message } from './message.js';
import { readRequestContent } from './request-content.js';
import { StreamContent } from './stream-content.js';

/** What takes events: a logger of OpenTelemetry's logs API. */
export interface EventSink {
  emit(record: {
    readonly eventName: string;
    readonly attributes: Record<string, string>;
    readonly context: ReturnType<typeof context.active>;
  }): void;
}

/** What an event says besides content. */
export interface EventFacts {
  readonly operation: string;
  readonly provider: string;
  readonly requestModel: string;
  readonly responseModel?: string | undefined;
  readonly responseId?: string | undefined;
}

/** The event of the conventions that carries content. */
export const CONTENT_EVENT = 'gen_ai.client.inference.operation.details';

/** Characters of one attribute; of longer lists the earliest messages are left out. */
const MAX_ATTRIBUTE_CHARACTERS = 131_072;

/** The content of one call, kept only where capturing it was asked for. */
export class CallContent {
  readonly #mode: Exclude<ContentCapture, 'none'>;
  readonly #request: Readonly<Record<string, string>>;
  #answer: readonly Message[] = [];
  #stream: StreamContent | undefined;

  constructor(mode: Exclude<ContentCapture, 'none'>, request: unknown) {
    this.#mode = mode;
    // Now, because applications go on writing to the list of messages that they handed over.
    this.#request = guarded('content', () => requestAttributes(request)) ?? {};
  }

  /** The answer as the row of the SDK hands it over. */
  onAnswer(answer: unknown): void {
    guarded('content', () => {
      this.#answer = readAnswerContent(answer);
    });
  }

  onChunk(chunk: unknown): void {
    guarded('content', () => {
      (this.#stream ??= new StreamContent()).push(chunk);
    });
  }

  /** Writes the content where it was asked for; called once, at the end of the call. */
  write(
    target: AttributeTarget | undefined,
    span: Span | undefined,
    sink: EventSink | undefined,
    facts: EventFacts,
  ): void {
    guarded('content', () => {
      const attributes = this.#attributes();
      if (this.#mode !== 'event' && target !== undefined)
        for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, value);
      if (this.#mode === 'span' || sink === undefined) return;
      const active = context.active();
      sink.emit({
        eventName: CONTENT_EVENT,
        context: span === undefined ? active : trace.setSpan(active, span),
        attributes: { ...factAttributes(facts), ...attributes },
      });
    });
  }

  #attributes(): Record<string, string> {
    const answer = this.#stream?.messages() ?? this.#answer;
    return { ...this.#request, ...(answer.length === 0 ? {} : { [ATTR_GEN_AI_OUTPUT_MESSAGES]: jsonOf(answer) }) };
  }
}

function requestAttributes(request: unknown): Record<string, string> {
  const { messages, system, tools } = readRequestContent(request);
  const attributes: Record<string, string> = {};
  if (messages.length > 0) attributes[ATTR_GEN_AI_INPUT_MESSAGES] = jsonOf(messages);
  if (system.length > 0) attributes[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = jsonOf(system);
  if (Array.isArray(tools) && tools.length > 0) attributes[ATTR_GEN_AI_TOOL_DEFINITIONS] = jsonOf(tools);
  return attributes;
}

/** JSON of a list, from its end as far as the limit allows. */
function jsonOf(list: readonly unknown[]): string {
  const texts: string[] = [];
  let characters = 0;
  for (const item of [...list].reverse()) {
    const text = JSON.stringify(item) ?? 'null';
    characters += text.length + 1;
    if (characters > MAX_ATTRIBUTE_CHARACTERS) break;
    texts.unshift(text);
  }
  return `[${texts.join(',')}]`;
}

function factAttributes(facts: EventFacts): Record<string, string> {
  const { operation, provider, requestModel, responseModel, responseId } = facts;
  return {
    [ATTR_GEN_AI_OPERATION_NAME]: operation,
    [ATTR_GEN_AI_PROVIDER_NAME]: provider,
    ...(requestModel === '' ? {} : { [ATTR_GEN_AI_REQUEST_MODEL]: requestModel }),
    ...(responseModel === undefined ? {} : { [ATTR_GEN_AI_RESPONSE_MODEL]: responseModel }),
    ...(responseId === undefined ? {} : { [ATTR_GEN_AI_RESPONSE_ID]: responseId }),
  };
}
