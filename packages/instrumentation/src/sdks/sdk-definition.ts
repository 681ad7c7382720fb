import type { StreamReader, UsageReading } from '@costel/pricing';
import type { GenAiOperation } from '@costel/semconv';
import type { Interception } from '../calls/intercept.js';
import type { LlmCall } from '../calls/llm-call.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import type { ReadJob } from '../jobs/job-definition.js';
import type { Recorder } from '../telemetry/recorder.js';

/** What a call's request says that costs, labels or attribution depend on; never its content. */
export interface RequestFacts {
  readonly model: string;
  readonly stream: boolean;
  /** The end user as the SDK call itself names it. */
  readonly user?: string | undefined;
  readonly conversation?: string | undefined;
  /** Where one method sends several kinds of requests: what this one does, in place of the method's own. */
  readonly operation?: GenAiOperation | undefined;
}

/**
 * Listens to what a method returned and tells the call what becomes of it.
 * @returns what the caller gets: the result itself, or a promise derived from it.
 */
export type Listen = (result: unknown, call: LlmCall) => unknown;

/** Another object, and its own method, in the place of the ones that a call was made on. */
export interface ReplacedSelf {
  readonly self: object;
  readonly original: AnyFunction;
}

/** One method of an SDK that sends billable requests. */
export interface MethodDefinition {
  /** Static path from the client class to the resource class, e.g. `['Chat', 'Completions']`. */
  readonly classPath?: readonly string[];
  /**
   * The exported class whose prototype has the method, e.g. `Models`. With neither this nor a class path the resource is
   * found along `resourcePath` from the client class's prototype: through getters, or when a constructor sets it.
   */
  readonly classExport?: string;
  /** Path from a client to the resource, e.g. `['chat', 'completions']`; empty where the client has the method itself. */
  readonly resourcePath: readonly string[];
  readonly method: string;
  /** The name under which `@costel/pricing` reads this API's answers. */
  readonly api: string;
  readonly operation: GenAiOperation;
  /** True where `stream_options.include_usage` exists. */
  readonly canIncludeUsage?: boolean;
  /** True where the provider charges nothing. */
  readonly isFree?: boolean;
  /**
   * True for a method of a framework's model. What it calls may be patched too (an SDK, another model): such a call inside
   * it is the one that counts, and the framework's span then is no call.
   */
  readonly isFramework?: boolean;
  /** Reads the answer where usage is not (all) in it; of a stream the answer is undefined. Absent: `readUsage` of the API. */
  readonly readAnswer?: (answer: unknown, request: unknown, provider: string) => UsageReading | undefined;
  /** True where the older ones of the tested versions lack the method. */
  readonly isRecent?: boolean;
  /** True where the method's answer always is a stream. */
  readonly isStreaming?: boolean;
  /** The request among the method's arguments; absent: the first argument. */
  readonly readBody?: (args: readonly unknown[], self: unknown) => unknown;
  /** The method's arguments with another request in them; absent: the argument that the request is, is replaced. */
  readonly replaceBody?: (args: readonly unknown[], body: Readonly<Record<string, unknown>>) => readonly unknown[];
  /**
   * Of a framework's model, which is no argument of its method: what takes the call over where a budget guard asked the
   * application for another request. Absent, or undefined: such a call can only be refused.
   */
  readonly replaceSelf?: (
    self: unknown,
    request: Readonly<Record<string, unknown>>,
    body: Readonly<Record<string, unknown>>,
  ) => ReplacedSelf | undefined;
  /** How a call that a budget guard refused fails, where a rejected promise is not what the method returns. */
  readonly refuse?: (error: Error) => unknown;
  /** The request in a form that token estimates can read, made when one is needed; absent: the request itself. */
  readonly readText?: (body: unknown) => unknown;
  /** Reads the chunks of a stream; absent: the reader of the API. */
  readonly createReader?: (request: unknown, provider: string) => StreamReader;
  /**
   * Reads an answer that may come before the work is done. On a method that asks for work, the call stays open until the
   * job is seen to have ended; see `looksAtJob`.
   */
  readonly readJob?: ReadJob;
  /** True where the method only looks at such a job: no call of its own, but where the job's end is seen. */
  readonly looksAtJob?: boolean;
  /** The method with a listener, where it neither is a call nor looks at a job: it opens a session, or hands out results. */
  readonly observe?: (original: AnyFunction, interception: Interception) => AnyFunction;
  /** How the result is listened to; absent: as the promise of the generated SDKs (OpenAI, Anthropic). */
  readonly listen?: Listen;
}

/** Where a call goes, as its SDK's objects say. */
export interface ServerHint {
  /** Whom the server belongs to; what was found is remembered for this object. */
  readonly client: unknown;
  readonly baseUrl: string | undefined;
  /** The provider where the host does not tell; absent: the SDK's own. */
  readonly provider?: string | undefined;
  /** Cloud region, where the SDK knows one. */
  readonly region?: string | undefined;
}

/** Patches an SDK whose calls are no methods on prototypes: middleware, functions of a module. */
export interface SdkPatcher {
  /** @returns the names of what was patched, of those in `methods`; each is patched once however often this runs. */
  patchModule(moduleExports: unknown, sdk: SdkDefinition, recorder: Recorder): readonly string[];
  /** Puts the module's own functions back. */
  unpatchModule(moduleExports: unknown, sdk: SdkDefinition): void;
  /**
   * Stands in for a module whose exports cannot be changed in place (getters of a bundle); absent: `patchModule` does.
   * @returns the exports to hand out.
   */
  replaceModule?(moduleExports: unknown, sdk: SdkDefinition, recorder: Recorder): unknown;
  /** Patches one client only. */
  patchClient(client: unknown, sdk: SdkDefinition, recorder: Recorder): readonly string[];
}

/** Everything the interception needs to know of one SDK: a row of the table in `sdk-table.ts`. */
export interface SdkDefinition {
  readonly moduleName: string;
  /** Files inside the package to patch in its main module's place, e.g. `dist/esm/client/index.js`. */
  readonly files?: readonly string[];
  /** What applications `require` of a package that, in some versions, has no main module: OpenTelemetry's hook does not see it. */
  readonly requirePaths?: readonly string[];
  /** Export names under which the client class is found; the first that exists is taken. */
  readonly clientExports: readonly string[];
  /** Static names by which the client class is told from those of SDKs that are generated like it. */
  readonly marks?: { readonly has: readonly string[]; readonly lacks: readonly string[] };
  /** Properties by which a client is known where its class has no static path to the first method's. */
  readonly clientTraits?: readonly string[];
  /** Tested versions, half-open: `[from, below)`, compared by major and minor. */
  readonly tested: { readonly from: readonly [number, number]; readonly below: readonly [number, number] };
  readonly methods: readonly MethodDefinition[];
  /** Present where patching prototypes does not do. */
  readonly patcher?: SdkPatcher;
  /** The provider where neither the class nor the host tells. */
  readonly defaultProvider: string;
  /** Provider by the name of the client's class, e.g. AzureOpenAI. */
  readonly providerByClass: Readonly<Record<string, string>>;
  readonly readRequest: (body: Readonly<Record<string, unknown>>, method: MethodDefinition) => RequestFacts;
  /** Where a call goes; absent: to the `baseURL` of the resource's `_client`. */
  readonly readServer?: (self: unknown, args: readonly unknown[]) => ServerHint;
  /** True where the SDK may emit spans of its own, held in the request option `__span`. */
  readonly mayEmitNativeSpans?: boolean;
}

/** What a call does: what its request says, where one method does several things, else what the method does. */
export function operationOf(call: { readonly facts: RequestFacts; readonly method: MethodDefinition }): GenAiOperation {
  return call.facts.operation ?? call.method.operation;
}
