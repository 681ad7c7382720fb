import type { AnyFunction } from '../calls/sdk-shapes.js';
import { originalOf, replaceMethod, restoreMethod } from '../patching/replace-method.js';
import { OPENAI } from '../sdks/openai.js';
import { asRecord } from '../sdks/read-unknown.js';
import type { SdkDefinition, SdkPatcher } from '../sdks/sdk-definition.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded } from '../telemetry/trouble.js';
import { realtimeProtocol } from './realtime-protocol.js';
import { responsesProtocol } from './responses-protocol.js';
import { SocketSession, type SendVerdict, type SocketClient } from './socket-session.js';

/*
 * The clients of `openai/realtime/*` and of the Responses API's web socket hand every message to their own `_emit`,
 * before any listener sees it: one place for all of them. A session becomes known when the application first listens or
 * sends, which is right after it made the client and in the same context; nothing of the client is replaced or awaited.
 */

/** Methods by which an application begins to use a client. */
const FIRST_USES = ['on', 'once', 'emitted', 'stream'];

const SENDING = ['send', 'sendResponseCreate', 'sendRaw'];

const METHODS = ['_emit', ...FIRST_USES, ...SENDING];

const sessions = new WeakMap<object, SocketSession>();

function sessionOf(client: object, recorder: Recorder): SocketSession | undefined {
  if (!recorder.isEnabled) return undefined;
  const known = sessions.get(client);
  // A constructor may listen to itself before it has an address.
  if (known !== undefined || (client as SocketClient).url === undefined) return known;
  const { url } = client as SocketClient;
  const isResponses = /\/responses(?:$|\?)/.test(String(url));
  const session = new SocketSession(
    client,
    OPENAI_SOCKETS,
    recorder,
    isResponses ? responsesProtocol : realtimeProtocol,
  );
  sessions.set(client, session);
  return session;
}

/** What happens before the client's own method runs, by its name, and what it means for that. */
function beforeMethod(
  name: string,
  client: object,
  args: readonly unknown[],
  recorder: Recorder,
): SendVerdict | undefined {
  const session = sessionOf(client, recorder);
  if (name === '_emit' && args[0] === 'event') session?.onMessage(args[1], client);
  else if (name === '_emit' && args[0] === 'close') session?.end();
  else if (SENDING.includes(name)) return session?.onSent(typeof args[0] === 'string' ? parsed(args[0]) : args[0]);
  return undefined;
}

/** The arguments with another message, as text where the application's was. */
function sentInstead([message, ...rest]: readonly unknown[], instead: object): readonly unknown[] {
  return [typeof message === 'string' ? JSON.stringify(instead) : instead, ...rest];
}

/** What an application sends as text of its own; it may be anything. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function listening(original: AnyFunction, name: string, recorder: Recorder): AnyFunction {
  return function (...args) {
    const verdict = guarded('session', () => beforeMethod(name, this as object, args, recorder));
    if (verdict?.refusal !== undefined) throw verdict.refusal;
    return Reflect.apply(original, this, verdict?.instead === undefined ? args : sentInstead(args, verdict.instead));
  };
}

/** The classes of the SDK's socket clients among a module's exports, or the module where it is such a class itself. */
function socketClasses(moduleExports: unknown): readonly object[] {
  const candidates = [moduleExports, ...Object.values(asRecord(moduleExports) ?? {})];
  return candidates.flatMap((candidate) => {
    const prototype: unknown = typeof candidate === 'function' ? candidate.prototype : undefined;
    const { _emit, send } = (prototype ?? {}) as { _emit?: unknown; send?: unknown };
    return typeof _emit === 'function' && typeof send === 'function' ? [prototype as object] : [];
  });
}

const PATCHER: SdkPatcher = {
  patchModule: (moduleExports, _sdk, recorder) =>
    socketClasses(moduleExports).map((prototype) => {
      for (const name of METHODS) replaceMethod(prototype, name, (original) => listening(original, name, recorder));
      return prototype.constructor.name;
    }),
  unpatchModule(moduleExports) {
    for (const prototype of socketClasses(moduleExports)) for (const name of METHODS) restoreMethod(prototype, name);
  },
  patchClient(client, _sdk, recorder) {
    const { _emit, send } = (client ?? {}) as { _emit?: unknown; send?: unknown };
    if (typeof _emit !== 'function' || typeof send !== 'function' || originalOf(_emit) !== undefined) return [];
    for (const name of METHODS)
      replaceMethod(client as object, name, (original) => listening(original, name, recorder));
    return [(client as object).constructor.name];
  },
};

const FOLDERS = [
  'realtime/ws',
  'realtime/websocket',
  'beta/realtime/ws',
  'beta/realtime/websocket',
  'resources/responses/ws-base',
  'resources/beta/responses/ws-base',
];

/** The web-socket clients of the `openai` package, which are modules of their own: `openai/realtime/ws` and the like. */
export const OPENAI_SOCKETS: SdkDefinition = {
  ...OPENAI,
  files: FOLDERS.flatMap((folder) => [`${folder}.js`, `${folder}.mjs`]),
  methods: [],
  patcher: PATCHER,
};
