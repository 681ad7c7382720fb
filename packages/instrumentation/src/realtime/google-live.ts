import type { Interception } from '../calls/intercept.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import { guarded } from '../telemetry/trouble.js';
import { liveProtocol } from './live-protocol.js';
import { SocketSession } from './socket-session.js';

/*
 * `live.connect` makes its socket by a factory of its own, and hands each message to the application's callback. One
 * connection's factory is stood in for: the application's callbacks, and the objects it gets, stay as they are.
 */

/** What the SDK tells its socket to call. */
type SocketCallbacks = Readonly<Record<string, unknown>>;

/** `connect` with a listener to the socket that it opens. */
export function observeLive(original: AnyFunction, interception: Interception): AnyFunction {
  return function (...args) {
    const self = interception.recorder.isEnabled
      ? guarded('session', () => withListeningFactory(this, args[0], interception))
      : undefined;
    return Reflect.apply(original, self ?? this, args);
  };
}

/** The SDK's own object but for its factory; undefined where it has none. */
function withListeningFactory(live: unknown, parameters: unknown, interception: Interception): unknown {
  const factory = asRecord(asRecord(live)?.['webSocketFactory']);
  const create = factory?.['create'];
  if (typeof create !== 'function') return undefined;
  const listening = (url: unknown, headers: unknown, callbacks: unknown): unknown => {
    const own = guarded('session', () => listeningCallbacks(url, callbacks, { live, parameters, interception }));
    return Reflect.apply(create, factory, [url, headers, own ?? callbacks]);
  };
  return Object.create(live as object, {
    webSocketFactory: { value: Object.create(factory as object, { create: { value: listening } }) as unknown },
  });
}

interface Connection {
  readonly live: unknown;
  readonly parameters: unknown;
  readonly interception: Interception;
}

function listeningCallbacks(url: unknown, given: unknown, connection: Connection): SocketCallbacks | undefined {
  const callbacks = asRecord(given);
  if (callbacks === undefined) return undefined;
  const session = openSession(url, connection);
  const client = { url };
  const before = (name: string, listen: (event: unknown) => void): AnyFunction =>
    function (...args) {
      guarded('session', () => {
        listen(args[0]);
      });
      const callback = callbacks[name];
      return typeof callback === 'function' ? Reflect.apply(callback, this, args) : undefined;
    };
  return {
    ...callbacks,
    onmessage: before('onmessage', (event) => {
      readMessage(asRecord(event)?.['data'], (message) => {
        session.onMessage(message, client);
      });
    }),
    onclose: before('onclose', () => {
      session.end();
    }),
  };
}

function openSession(url: unknown, { live, parameters, interception }: Connection): SocketSession {
  const { sdk, recorder } = interception;
  const options = asRecord(asRecord(asRecord(live)?.['apiClient'])?.['clientOptions']);
  const isVertex = options?.['vertexai'] === true;
  const model = asText(asRecord(parameters)?.['model']) ?? '';
  return new SocketSession({ url }, sdk, recorder, liveProtocol, {
    model: model.slice(model.lastIndexOf('/') + 1),
    provider: isVertex ? 'gcp.vertex_ai' : 'gcp.gemini',
    region: isVertex ? asText(options['location']) : undefined,
  });
}

/** Text that holds none of these is sound, of which most messages are: it is not parsed a second time. */
const TELLING = /"(?:usageMetadata|turnComplete|toolCall|groundingMetadata)"/;

/** A message of nothing but a part of an answer. */
const SOUND = { serverContent: { modelTurn: {} } };

/** The SDK takes text, bytes and, in browsers' sockets, a Blob, whose text comes a moment later to both of us. */
function readMessage(data: unknown, onMessage: (message: unknown) => void): void {
  if (data instanceof Blob) {
    data.text().then(
      (text) =>
        guarded('session', () => {
          onMessage(parsed(text));
        }),
      () => undefined,
    );
    return;
  }
  if (typeof data === 'string') onMessage(parsed(data));
  else if (data instanceof ArrayBuffer || data instanceof Uint8Array) onMessage(parsed(new TextDecoder().decode(data)));
}

function parsed(text: string): unknown {
  if (!TELLING.test(text)) return text.includes('"modelTurn"') || text.includes('"outputTranscription"') ? SOUND : {};
  return JSON.parse(text) as unknown;
}
