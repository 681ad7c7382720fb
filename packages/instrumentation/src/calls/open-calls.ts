import { guarded } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';

/** Calls without an end so far; they hold no streams, and once answered promises for a tenth of a second at most. */
const openCalls = new Set<LlmCall>();

/** The call that was made last, while it is open. */
let newest: LlmCall | undefined;

/** Remembers a call until it ends. */
export function openCall(call: LlmCall): void {
  openCalls.add(call);
}

/** Forgets a call that ended. */
export function closeCall(call: LlmCall): void {
  openCalls.delete(call);
  if (newest === call) newest = undefined;
}

/** Remembers which promise of a response the call waits for, until it is there. */
export function awaitResponse(response: object, call: LlmCall): void {
  call.awaited = response;
  newest = call;
}

/** The call that waits for this response: mostly the newest, for who wants a response asks for it right away. */
export function callAwaiting(response: object): LlmCall | undefined {
  if (newest?.awaited === response) return newest;
  for (const call of openCalls) if (call.awaited === response) return call;
  return undefined;
}

/** A connection that calls are made on. */
interface OpenSession {
  end(): void;
}

const openSessions = new Set<OpenSession>();

/** Remembers a session until it ends. */
export function openSession(session: OpenSession): void {
  openSessions.add(session);
}

/** Forgets a session that ended. */
export function closeSession(session: OpenSession): void {
  openSessions.delete(session);
}

/**
 * Ends every call and every session that is still open, before the process or its exporter goes away: what was answered
 * and not read is `estimated`, what was not answered yet is `missing`.
 */
export function finishOpenCalls(): void {
  for (const call of openCalls)
    guarded('finish', () => {
      call.onUnread('abandoned');
    });
  for (const session of openSessions)
    guarded('finish', () => {
      session.end();
    });
}

/** What a caller may drop without having read it. */
export interface Droppable {
  readonly target: object;
  readonly kind: 'promise' | 'stream';
}

/**
 * Tells when the caller dropped what would have been read: the provider bills such a call all the same. A promise is
 * only judged before its body is parsed, a stream (or its iterator) until it ends.
 */
const dropped = new FinalizationRegistry<{ readonly call: LlmCall; readonly kind: Droppable['kind'] }>(
  ({ call, kind }) => {
    if (kind === 'promise' && call.hasParseStarted) return;
    guarded('finish', () => {
      call.onUnread('abandoned');
    });
  },
);

/** How long what may be dropped is held before it is handed to the garbage collector's care. */
const SWEEP_AFTER_MS = 100;

let isSweepDue = false;

/**
 * Watches the promise that parsing starts from, should nobody ask for the body soon. Nearly every caller does within
 * the same turn, so watching begins late and for all open calls at once: a cell of the registry, or a microtask, for
 * each call would cost more than everything else that is done at its response.
 */
export function watchUnlessParsed(promise: object, call: LlmCall): void {
  watchSoon(promise, call, 'promise');
}

/** Watches a stream at once. */
export function watchStream(stream: object, call: LlmCall): void {
  dropped.register(stream, { call, kind: 'stream' }, stream);
}

/** Watches what is read of a stream, as late as a promise; `instead` of what was watched of it before. */
export function watchReading(stream: object, call: LlmCall, instead?: object): void {
  if (instead !== undefined && call.unwatched?.target !== instead) dropped.unregister(instead);
  watchSoon(stream, call, 'stream');
}

function watchSoon(target: object, call: LlmCall, kind: Droppable['kind']): void {
  call.unwatched = { target, kind };
  if (isSweepDue) return;
  isSweepDue = true;
  setTimeout(sweep, SWEEP_AFTER_MS).unref();
}

function sweep(): void {
  isSweepDue = false;
  for (const call of openCalls) {
    if (call.unwatched === undefined) continue;
    const { target, kind } = call.unwatched;
    dropped.register(target, { call, kind }, target);
    call.unwatched = undefined;
  }
}
