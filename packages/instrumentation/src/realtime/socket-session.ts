import { ATTR_GEN_AI_REQUEST_MODEL, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT, CONVENTIONS } from '@costel/semconv';
import { context, SpanKind, SpanStatusCode, trace, type Attributes, type Context, type Span } from '@opentelemetry/api';
import { activeAttribution, withoutAttributionBaggage } from '../attribution/with-cost-attribution.js';
import { attributionOf, openOwnCall } from '../calls/intercept.js';
import type { LlmCall } from '../calls/llm-call.js';
import { closeSession, openSession } from '../calls/open-calls.js';
import { admitCall, type AdmittedCall } from '../guard/admit-call.js';
import type { BudgetExceededError } from '../guard/budget-exceeded-error.js';
import { asRecord } from '../sdks/read-unknown.js';
import type { MethodDefinition, RequestFacts, SdkDefinition } from '../sdks/sdk-definition.js';
import { serverOfHint, type Server } from '../sdks/server-of-client.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded } from '../telemetry/trouble.js';

/** The SDK's object around a web socket, as far as it is looked at. */
export interface SocketClient {
  readonly url?: unknown;
  readonly socket?: unknown;
  readonly _client?: unknown;
  /** Present where the SDK opens a new socket when one is lost; it then says itself when it gives up. */
  readonly _recovery?: unknown;
}

/** What of a session its address and client do not tell. */
export interface SessionHints {
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly region?: string | undefined;
}

/** What is sent and received over a socket, and which calls that makes. */
export interface SocketProtocol {
  /** The name of the session's span, before the model. */
  readonly name: string;
  /**
   * The application is about to send a message.
   * @returns what a budget guard has to say about that; undefined where the message is sent as it is.
   */
  onSent(message: Readonly<Record<string, unknown>>): SendVerdict | undefined;
  /** The provider sent a message, which the application sees next. */
  onMessage(message: Readonly<Record<string, unknown>>): void;
  /** The connection is gone; what was not answered by then never will be. */
  onClose(): void;
}

/** What becomes of a message that asks for an answer. */
export interface SendVerdict {
  /** The message is not to be sent: sending it fails with this. */
  readonly refusal?: BudgetExceededError;
  /** The message to send in its place. */
  readonly instead?: Readonly<Record<string, unknown>>;
}

/** What makes a call of a message. */
export interface AnswerStart {
  readonly method: MethodDefinition;
  readonly facts: RequestFacts;
  readonly body?: Readonly<Record<string, unknown>>;
  /** What a budget guard said of it, where it was asked. */
  readonly admitted?: AdmittedCall;
}

/**
 * One connection that several calls are made on. Each answer is a call with a span of its own below the session's, which
 * carries no usage and is no call itself.
 */
export class SocketSession {
  /** The model that the address or the application names; `''` where neither does. */
  readonly model: string;
  readonly #recorder: Recorder;
  readonly #server: Server;
  readonly #span: Span;
  readonly #openedIn: Context;
  readonly #protocol: SocketProtocol;
  readonly #watched = new WeakSet();
  #hasMessages = false;
  #hasEnded = false;

  constructor(
    client: SocketClient,
    sdk: SdkDefinition,
    recorder: Recorder,
    makeProtocol: (session: SocketSession) => SocketProtocol,
    hints: SessionHints = {},
  ) {
    const url = urlOf(client.url);
    this.#recorder = recorder;
    this.#server = serverOfHint(
      {
        client,
        baseUrl: url?.origin === 'null' || url === undefined ? undefined : `${url.protocol}//${url.host}`,
        provider: hints.provider ?? sdk.providerByClass[asRecord(client._client)?.constructor.name ?? ''],
        region: hints.region,
      },
      sdk,
      recorder.options.providerByHost,
    );
    this.model = hints.model ?? url?.searchParams.get('model') ?? url?.searchParams.get('deployment') ?? '';
    this.#openedIn = context.active();
    this.#protocol = makeProtocol(this);
    this.#span = recorder.tracer.startSpan(
      `${this.#protocol.name}${this.model === '' ? '' : ` ${this.model}`}`,
      { kind: SpanKind.CLIENT, attributes: this.#attributes() },
      withoutAttributionBaggage(this.#openedIn),
    );
    this.#watch(client);
    openSession(this);
  }

  /** Opens the call of an answer, attributed to whoever asks for it now, else to whoever opened the session. */
  openCall({ method, facts, body = {}, admitted }: AnswerStart): LlmCall {
    return openOwnCall(
      {
        recorder: this.#recorder,
        method,
        facts,
        server: this.#server,
        attribution: { ...this.#attributionOf(facts), ...admitted?.marks },
        body,
        hidesUsageChunk: false,
        reservation: admitted?.reservation,
      },
      trace.setSpan(withoutAttributionBaggage(this.#openedIn), this.#span),
    );
  }

  /** Asks the guard of this process about an answer that the application is about to ask for. */
  admit({ method, facts, body = {} }: AnswerStart): AdmittedCall {
    const { provider } = this.#server;
    return admitCall({
      method,
      self: this,
      args: [body],
      body,
      facts,
      provider,
      attribution: this.#attributionOf(facts),
    });
  }

  #attributionOf(facts: RequestFacts): Readonly<Record<string, string>> {
    const { readBaggage } = this.#recorder.options;
    const attribution = {
      ...activeAttribution(this.#openedIn, readBaggage),
      ...activeAttribution(context.active(), readBaggage),
    };
    return attributionOf(attribution, facts);
  }

  /** The application is about to send a message. */
  onSent(message: unknown): SendVerdict | undefined {
    const object = asRecord(message);
    return object === undefined || this.#hasEnded ? undefined : this.#protocol.onSent(object);
  }

  /** The provider sent a message. */
  onMessage(message: unknown, client: SocketClient): void {
    const object = asRecord(message);
    if (object === undefined || this.#hasEnded) return;
    this.#hasMessages = true;
    this.#watch(client);
    this.#protocol.onMessage(object);
  }

  /** The connection is closed for good, or the process ends. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    closeSession(this);
    guarded('session', () => {
      this.#protocol.onClose();
    });
    if (!this.#hasMessages) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end();
  }

  /** Not every client tells when its socket closes; one that recovers from that opens another. */
  #watch(client: SocketClient): void {
    const { socket } = client;
    const { addEventListener } = (socket ?? {}) as { addEventListener?: unknown };
    if (typeof addEventListener !== 'function' || this.#watched.has(socket as object)) return;
    this.#watched.add(socket as object);
    Reflect.apply(addEventListener, socket, [
      'close',
      () => {
        if (client._recovery === undefined) this.end();
      },
    ]);
  }

  #attributes(): Attributes {
    const { conventions, readBaggage } = this.#recorder.options;
    const attributes: Attributes = {
      [CONVENTIONS[conventions].providerName]: this.#server.provider,
      ...activeAttribution(this.#openedIn, readBaggage),
    };
    if (this.#server.address !== '') {
      attributes[ATTR_SERVER_ADDRESS] = this.#server.address;
      attributes[ATTR_SERVER_PORT] = this.#server.port;
    }
    if (this.model !== '') attributes[ATTR_GEN_AI_REQUEST_MODEL] = this.model;
    return attributes;
  }
}

function urlOf(url: unknown): URL | undefined {
  if (url instanceof URL) return url;
  return typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
}
