import { diag } from '@opentelemetry/api';
import { isPlainName } from './error-name.js';

const logger = diag.createComponentLogger({ namespace: '@costel/instrumentation' });

/** Where something inside the instrumentation went wrong; each name is one hook around the SDK's call. */
export type Hook =
  | 'start'
  | 'context'
  | 'promise'
  | 'response'
  | 'parse'
  | 'stream'
  | 'raw_response'
  | 'finish'
  | 'native_span'
  | 'patch'
  | 'attribution'
  | 'span_processor'
  | 'record_cost'
  | 'session'
  | 'job'
  | 'guard'
  | 'content';

/** Counts trouble by hook; set by the metrics once there is a meter. */
let countTrouble: ((hook: Hook) => void) | undefined;

/** Says who counts trouble; the last one wins, which is fine: they all add to the same metric. */
export function setTroubleCounter(count: (hook: Hook) => void): void {
  countTrouble = count;
}

const reported = new Set<Hook>();

/**
 * Notes trouble inside the instrumentation: a metric point each time, one `diag` warning a hook. The error's message is
 * left out on purpose, for it may quote a prompt or an answer (a JSON error does); class and stack frames remain.
 * @param advice What to say in place of them, where the application can do something about it; it holds no content.
 */
export function reportTrouble(hook: Hook, error: unknown, advice?: string): void {
  try {
    countTrouble?.(hook);
    if (reported.has(hook)) return;
    reported.add(hook);
    const described = `${describeError(error)}; the call itself is not affected, its telemetry may be incomplete`;
    logger.warn(`${hook}: ${advice ?? described}`);
  } catch {
    // Nothing is left to tell, and the caller's call goes on.
  }
}

/** Writes one line of advice that holds no content. */
export function advise(message: string): void {
  try {
    logger.warn(message);
  } catch {
    // A logger that throws must not stop the application.
  }
}

/** Writes one line of information that holds no content. */
export function inform(message: string): void {
  try {
    logger.info(message);
  } catch {
    // See advise.
  }
}

/** Class and first frames. A stack begins with the error's message, of which a line may look like a frame. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { constructor, message, stack = '' } = error;
  const start = stack.indexOf(message);
  const lines = start < 0 ? [] : stack.slice(start + message.length).split('\n');
  const frames = lines.filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line)).slice(0, 3);
  return [isPlainName(constructor.name) ? constructor.name : 'Error', ...frames.map((frame) => frame.trim())].join(' ');
}

/** Runs a step of the instrumentation; what it throws is noted and never reaches the caller. */
export function guarded<Result>(hook: Hook, step: () => Result): Result | undefined {
  try {
    return step();
  } catch (error) {
    reportTrouble(hook, error);
    return undefined;
  }
}
