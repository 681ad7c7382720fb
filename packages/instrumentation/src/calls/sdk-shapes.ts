import type { Span } from '@opentelemetry/api';

/*
 * The parts of the SDKs' objects that are touched, as unknown to TypeScript as they are to us: every access is guarded,
 * and an object of another shape is left alone.
 */

/** What an SDK knows of a request once its response headers are there. */
export interface ResponseProps {
  readonly response: Response;
  readonly controller?: AbortController;
  readonly options?: { readonly __span?: { readonly span?: Span } };
}

/** A function of which nothing is assumed. */
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** The promise that the generated SDKs (OpenAI, Anthropic) return: it parses the body when it is awaited. */
export interface ApiPromise {
  responsePromise: Promise<ResponseProps>;
  parseResponse: (this: unknown, client: unknown, props: ResponseProps) => unknown;
  /** Set as soon as somebody asked for the parsed body. */
  readonly parsedPromise?: unknown;
  readonly asResponse?: AnyFunction;
  _thenUnwrap?: (this: unknown, transform: (data: unknown, props: ResponseProps) => unknown) => unknown;
}

/** The SDKs' stream: single use, `iterator` is what every way of reading it goes through. */
export interface SdkStream {
  iterator: (this: unknown) => AsyncIterator<unknown>;
  readonly controller: AbortController;
}

/** True for a promise that can be observed without being awaited. */
export function isApiPromise(value: unknown): value is ApiPromise {
  if (typeof value !== 'object' || value === null) return false;
  const { responsePromise, parseResponse } = value as Partial<ApiPromise>;
  return responsePromise instanceof Promise && typeof parseResponse === 'function';
}

/** True for a stream of one of the SDKs. */
export function isSdkStream(value: unknown): value is SdkStream {
  if (typeof value !== 'object' || value === null) return false;
  const { iterator, controller } = value as Partial<SdkStream>;
  return typeof iterator === 'function' && typeof controller === 'object' && controller !== null;
}
