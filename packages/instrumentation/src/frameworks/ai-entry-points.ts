import type { AnyFunction } from '../calls/sdk-shapes.js';
import { replaceMethod } from '../patching/replace-method.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { SdkDefinition } from '../sdks/sdk-definition.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded } from '../telemetry/trouble.js';
import { AI_MODELS, patchModel, type AiModelKind } from './ai-models.js';

/*
 * The AI SDK's own telemetry reports too little to count by: version 5 and 6 only where a call asks for it, 7 not where a
 * call turns it off or names integrations of its own, none of them a stream that was left. So its functions are only
 * stood in for to see the models that they are given; these do the calling, and their class is what gets patched.
 */

/** Functions of `ai` whose first argument names a model, with the model's kind. */
const TAKING_MODELS: Readonly<Record<string, AiModelKind>> = {
  generateText: 'language',
  streamText: 'language',
  generateObject: 'language',
  streamObject: 'language',
  experimental_streamLanguageModelCall: 'language',
  experimental_streamTextLowMemory: 'language',
  wrapLanguageModel: 'language',
  embed: 'embedding',
  embedMany: 'embedding',
  wrapEmbeddingModel: 'embedding',
  rerank: 'reranking',
  generateImage: 'image',
  experimental_generateImage: 'image',
  wrapImageModel: 'image',
  generateSpeech: 'speech',
  experimental_generateSpeech: 'speech',
  transcribe: 'transcription',
  experimental_transcribe: 'transcription',
};

/** Agents: classes that keep the settings they were made with. */
const AGENTS: readonly string[] = ['ToolLoopAgent', 'Experimental_Agent'];

/** How a provider makes a model of each kind from its name; older names after newer ones. */
const FACTORIES: Readonly<Record<AiModelKind, readonly string[]>> = {
  language: ['languageModel'],
  embedding: ['embeddingModel', 'textEmbeddingModel'],
  reranking: ['rerankingModel'],
  image: ['imageModel'],
  speech: ['speechModel'],
  transcription: ['transcriptionModel'],
};

/** What middleware was put around: the model inside is the one that calls, if the middleware lets it. */
const wrappedModels = new WeakSet<object>();

interface Sight {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly recorder: Recorder;
  /** Names of models that were resolved, by provider. */
  readonly named: WeakMap<object, Set<string>>;
}

function seeModel(model: unknown, kind: AiModelKind, sight: Sight): void {
  const seen = typeof model === 'string' ? resolveName(model, kind, sight) : model;
  if (typeof seen !== 'object' || seen === null || wrappedModels.has(seen)) return;
  patchModel(seen, kind, AI_MODELS, sight.recorder);
}

/** A model given by name comes from the default provider; it is made once, to see its class. */
function resolveName(name: string, kind: AiModelKind, { exports, named }: Sight): unknown {
  const provider =
    asRecord(Reflect.get(globalThis, 'AI_SDK_DEFAULT_PROVIDER') ?? exports['gateway']) ?? exports['gateway'];
  if (typeof provider !== 'object' && typeof provider !== 'function') return undefined;
  if (provider === null) return undefined;
  const known = named.get(provider) ?? new Set();
  named.set(provider, known);
  if (known.has(`${kind} ${name}`)) return undefined;
  known.add(`${kind} ${name}`);
  for (const factory of FACTORIES[kind]) {
    const make: unknown = Reflect.get(provider, factory);
    if (typeof make === 'function') return Reflect.apply(make, provider, [name]);
  }
  return undefined;
}

/** The function itself, with a look at the model that it is given. */
function seeing(original: AnyFunction, name: string, kind: AiModelKind, sight: Sight): AnyFunction {
  const isWrapper = name.startsWith('wrap');
  const entry: AnyFunction = function (...args) {
    guarded('patch', () => {
      seeModel(asRecord(args[0])?.['model'], kind, sight);
    });
    const result = Reflect.apply(original, this, args);
    if (isWrapper && typeof result === 'object' && result !== null) wrappedModels.add(result);
    return result;
  };
  for (const property of ['name', 'length'] as const)
    Object.defineProperty(entry, property, { value: original[property], configurable: true });
  return entry;
}

function patchAgents(exports: Readonly<Record<string, unknown>>, sight: Sight): string[] {
  return AGENTS.flatMap((name) => {
    const prototype: unknown = (exports[name] as { prototype?: unknown } | undefined)?.prototype;
    if (typeof prototype !== 'object' || prototype === null) return [];
    return ['generate', 'stream'].flatMap((method) => {
      const isPatched = replaceMethod(prototype, method, (original) => {
        return function (...args) {
          guarded('patch', () => {
            seeModel(asRecord(asRecord(this)?.['settings'])?.['model'], 'language', sight);
          });
          return Reflect.apply(original, this, args);
        };
      });
      return isPatched ? [`${name}.${method}`] : [];
    });
  });
}

/** What was handed out in place of a module, or is patched in place; by the module. */
const replacements = new WeakMap<object, object>();

/** True for a module of the AI SDK: no other exports both. */
function isAiModule(
  exports: Readonly<Record<string, unknown>> | undefined,
): exports is Readonly<Record<string, unknown>> {
  return typeof exports?.['generateText'] === 'function' && typeof exports['streamText'] === 'function';
}

/**
 * Stands in for the functions of `ai` that take a model.
 * @returns the exports to hand out: the module itself where a loader hook made it writable, else a copy of it, for a
 * module's exports are read-only.
 */
export function replaceAiModule(moduleExports: unknown, recorder: Recorder): unknown {
  const exports = asRecord(moduleExports);
  if (!isAiModule(exports)) return moduleExports;
  const known = replacements.get(exports);
  if (known !== undefined) return known;
  const sight: Sight = { exports, recorder, named: new WeakMap() };
  const entries = Object.entries(TAKING_MODELS).flatMap(([name, kind]): (readonly [string, AnyFunction])[] => {
    const original = exports[name];
    return typeof original === 'function' ? [[name, seeing(original as AnyFunction, name, kind, sight)]] : [];
  });
  patchAgents(exports, sight);
  const isWritable = entries.every(([name, entry]) => Reflect.set(exports, name, entry));
  const replaced = isWritable ? exports : copyWith(exports, new Map(entries));
  replacements.set(exports, replaced);
  replacements.set(replaced, replaced);
  return replaced;
}

function copyWith(exports: Readonly<Record<string, unknown>>, entries: ReadonlyMap<string, AnyFunction>): object {
  const copy: object = Object.create(Object.getPrototypeOf(exports) as object | null) as object;
  for (const name of Reflect.ownKeys(exports)) {
    const { enumerable = true } = Object.getOwnPropertyDescriptor(exports, name) ?? {};
    const entry = typeof name === 'string' ? entries.get(name) : undefined;
    const get = () => entry ?? Reflect.get(exports, name);
    Object.defineProperty(copy, name, { get, enumerable, configurable: true });
  }
  return copy;
}

/** The names of the functions that are stood in for. */
export function aiEntryPoints(moduleExports: unknown): readonly string[] {
  const exports = asRecord(moduleExports);
  return isAiModule(exports) ? Object.keys(TAKING_MODELS).filter((name) => typeof exports[name] === 'function') : [];
}

/** A model that was made already: its class is patched, as if one of the functions had been given it. */
export function patchAiModel(model: unknown, sdk: SdkDefinition, recorder: Recorder): readonly string[] {
  const fields = asRecord(model);
  if (asText(fields?.['modelId']) === undefined || asText(fields?.['specificationVersion']) === undefined) return [];
  if (typeof fields?.['doStream'] === 'function') return patchModel(model, 'language', sdk, recorder);
  if (typeof fields?.['doEmbed'] === 'function') return patchModel(model, 'embedding', sdk, recorder);
  return typeof fields?.['doRerank'] === 'function' ? patchModel(model, 'reranking', sdk, recorder) : [];
}
