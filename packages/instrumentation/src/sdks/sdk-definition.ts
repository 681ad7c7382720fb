import type { GenAiOperation } from '@costel/semconv';

/** What a call's request says that costs, labels or attribution depend on; never its content. */
export interface RequestFacts {
  readonly model: string;
  readonly stream: boolean;
  /** The end user as the SDK call itself names it. */
  readonly user?: string | undefined;
  readonly conversation?: string | undefined;
}

/** One method of an SDK that sends billable requests. */
export interface MethodDefinition {
  /** Static path from the client class to the resource class, e.g. `['Chat', 'Completions']`. */
  readonly classPath: readonly string[];
  /** Path from a client to the resource, e.g. `['chat', 'completions']`. */
  readonly resourcePath: readonly string[];
  readonly method: string;
  /** The name under which `@costel/pricing` reads this API's answers. */
  readonly api: string;
  readonly operation: GenAiOperation;
  /** True where `stream_options.include_usage` exists. */
  readonly canIncludeUsage?: boolean;
  /** True where the older ones of the tested versions lack the method. */
  readonly isRecent?: boolean;
}

/** Everything the interception needs to know of one SDK: a row of the table in `sdk-table.ts`. */
export interface SdkDefinition {
  readonly moduleName: string;
  /** Export names under which the client class is found; the first that exists is taken. */
  readonly clientExports: readonly string[];
  /** Tested versions, half-open: `[from, below)`, compared by major and minor. */
  readonly tested: { readonly from: readonly [number, number]; readonly below: readonly [number, number] };
  readonly methods: readonly MethodDefinition[];
  /** The provider where neither the class nor the host tells. */
  readonly defaultProvider: string;
  /** Provider by the name of the client's class, e.g. AzureOpenAI. */
  readonly providerByClass: Readonly<Record<string, string>>;
  readonly readRequest: (body: Readonly<Record<string, unknown>>) => RequestFacts;
  /** True where the SDK may emit spans of its own, held in the request option `__span`. */
  readonly mayEmitNativeSpans?: boolean;
}

/** The value as a non-empty string, or undefined. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The value as an object to look into, or undefined. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}
