import { loadSdk } from './load-sdk.js';

/** What the tests use of an SDK that Stainless generated, as OpenAI's was: Groq's and Together's. */
export interface StainlessClient {
  readonly chat: { readonly completions: Record<'create' | 'stream', StainlessMethod> };
  readonly completions: Record<'create', StainlessMethod>;
  readonly embeddings: Record<'create', StainlessMethod>;
  readonly images: Record<'generate', StainlessMethod>;
  readonly rerank: Record<'create', StainlessMethod>;
  readonly audio: {
    readonly transcriptions: Record<'create', StainlessMethod>;
    readonly translations: Record<'create', StainlessMethod>;
    readonly speech: Record<'create', StainlessMethod>;
  };
}

export type StainlessMethod = (
  body: Readonly<Record<string, unknown>>,
  options?: Readonly<Record<string, unknown>>,
) => StainlessPromise;

/** The SDKs' promise, whatever it resolves to. */
export interface StainlessPromise extends Promise<unknown> {
  asResponse(): Promise<Response>;
  withResponse(): Promise<{ readonly data: unknown; readonly response: Response }>;
  _thenUnwrap<Out>(transform: (data: unknown) => Out): Promise<Out> & StainlessPromise;
}

/** A stream of chunks as these SDKs give it. */
export interface StainlessStream extends AsyncIterable<unknown> {
  readonly controller: AbortController;
  tee(): readonly [StainlessStream, StainlessStream];
  toReadableStream(): ReadableStream<Uint8Array>;
}

export interface StainlessSdk {
  readonly copy: 'groq-0' | 'groq-1' | 'together-0';
  readonly moduleName: 'groq-sdk' | 'together-ai';
  /** `gen_ai.provider.name`. */
  readonly provider: 'groq' | 'together';
  readonly chatModel: string;
}

export const STAINLESS_SDKS: readonly StainlessSdk[] = [
  { copy: 'groq-0', moduleName: 'groq-sdk', provider: 'groq', chatModel: 'llama-3.3-70b-versatile' },
  { copy: 'groq-1', moduleName: 'groq-sdk', provider: 'groq', chatModel: 'llama-3.3-70b-versatile' },
  {
    copy: 'together-0',
    moduleName: 'together-ai',
    provider: 'together',
    chatModel: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
  },
];

export type StainlessModule = { readonly default: new (options: Readonly<Record<string, unknown>>) => StainlessClient };

/** A copy of the module of its own, so that one can be patched and another not. */
export function loadFresh({ copy, moduleName }: StainlessSdk): StainlessModule {
  return loadSdk(copy, moduleName, true) as StainlessModule;
}
