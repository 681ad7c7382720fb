import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
  type Instrumentation,
} from '@opentelemetry/instrumentation';
import type { CostelInstrumentationConfig } from './config.js';
import { isLoadedInCommonJs } from './patching/loaded-too-early.js';
import { patchModule, replaceModule, unpatchModule } from './patching/patch-sdk.js';
import { hookRequire } from './patching/require-hook.js';
import { judgeVersion, testedRange } from './patching/sdk-version.js';
import { settleSdk, watchForUnseenRequests } from './patching/unseen-requests.js';
import type { SdkDefinition } from './sdks/sdk-definition.js';
import { SDKS } from './sdks/sdk-table.js';
import { Recorder, setSharedRecorder } from './telemetry/recorder.js';
import { advise, guarded, inform } from './telemetry/trouble.js';
import { INSTRUMENTATION_NAME, INSTRUMENTATION_VERSION } from './version.js';

/** Of OpenTelemetry's logs API, which the base class depends on. */
type LoggerProvider = Parameters<InstrumentationBase['setLoggerProvider']>[0];

/** Patches every SDK of the table when it is loaded, as CommonJS or through the ESM loader hook. */
class LlmInstrumentation extends InstrumentationBase<CostelInstrumentationConfig> {
  readonly #recorder: Recorder;
  /** Puts back what `enable` hooked beside the base class's own hooks. */
  #unhook: readonly (() => void)[] = [];

  constructor(config: CostelInstrumentationConfig) {
    // The base class would enable itself before the fields of this one are there.
    super(INSTRUMENTATION_NAME, INSTRUMENTATION_VERSION, { ...config, enabled: false });
    readVersionsOnce(this);
    this.#recorder = new Recorder(config);
    setSharedRecorder(this.#recorder);
    this.#recorder.events = this.logger;
    this.setConfig(config);
    if (config.enabled !== false) this.enable();
  }

  protected override init(): InstrumentationNodeModuleDefinition[] {
    return SDKS.map((sdk) => definitionOf(sdk, () => this.#recorder));
  }

  override enable(): void {
    if (#recorder in this) {
      if (!this.isEnabled()) warnOfLoadedSdks(this.#recorder);
      this.#recorder.isEnabled = true;
    }
    super.enable();
    if (#recorder in this) this.#hook();
  }

  override disable(): void {
    if (#recorder in this) {
      this.#recorder.isEnabled = false;
      for (const unhook of this.#unhook) unhook();
      this.#unhook = [];
    }
    super.disable();
  }

  #hook(): void {
    if (this.#unhook.length > 0) return;
    const ofRequire = SDKS.filter(({ requirePaths }) => requirePaths !== undefined).map((sdk) =>
      hookRequire(sdk, (moduleExports, version) => {
        patchLoadedSdk(moduleExports, version, sdk, this.#recorder);
      }),
    );
    const ofRequests = watchForUnseenRequests((moduleName) => {
      tellOfUnseen(
        { moduleName },
        this.#recorder,
        `${moduleName} makes calls that go unseen, for it was loaded before Costel or is part of a bundle. Start with ` +
          '"node --import @costel/node/register", or hand the loaded module to instrumentModule()',
      );
    });
    this.#unhook = [...ofRequire, ofRequests];
  }

  override setTracerProvider(provider: TracerProvider): void {
    super.setTracerProvider(provider);
    this.#recorder.setTracerProvider(provider);
  }

  override setLoggerProvider(provider: LoggerProvider): void {
    super.setLoggerProvider(provider);
    this.#recorder.events = this.logger;
  }

  override setMeterProvider(provider: MeterProvider): void {
    super.setMeterProvider(provider);
    this.#recorder.setMeterProvider(provider);
  }

  override setConfig(config: CostelInstrumentationConfig): void {
    super.setConfig(config);
    if (#recorder in this) this.#recorder.setOptions(config);
  }
}

/** The base class's own and private; where it has no such method, nothing comes of it. */
const READ_VERSION = '_extractPackageVersion';

/**
 * Remembers the version in a folder's package.json. The base class reads and parses it again for each file that a package
 * loads, which is 20 ms of the start for the 230 files of openai.
 */
function readVersionsOnce(instrumentation: InstrumentationBase): void {
  const read: unknown = Reflect.get(instrumentation, READ_VERSION);
  if (typeof read !== 'function') return;
  const versions = new Map<unknown, unknown>();
  Reflect.set(instrumentation, READ_VERSION, (folder: unknown): unknown => {
    if (!versions.has(folder)) versions.set(folder, Reflect.apply(read, instrumentation, [folder]));
    return versions.get(folder);
  });
}

/** What to do when an SDK is loaded; the recorder is asked for then, for the base class's constructor runs first. */
function definitionOf(sdk: SdkDefinition, recorder: () => Recorder): InstrumentationNodeModuleDefinition {
  // Every version comes here, so that one that is not patched is told and not passed over in silence.
  const versions = ['*'];
  const patch = (moduleExports: unknown, version?: string): unknown =>
    patchLoadedSdk(moduleExports, version, sdk, recorder());
  const unpatch = (moduleExports: unknown): void => {
    unpatchModule(moduleExports, sdk);
  };
  if (sdk.files === undefined) return new InstrumentationNodeModuleDefinition(sdk.moduleName, versions, patch, unpatch);
  const files = sdk.files.map(
    (file) => new InstrumentationNodeModuleFile(`${sdk.moduleName}/${file}`, versions, patch, unpatch),
  );
  return new InstrumentationNodeModuleDefinition(sdk.moduleName, versions, undefined, undefined, files);
}

/**
 * The SDKs that are loaded already, e.g. `openai`: what is called of them may go unseen when patching begins now. Modules
 * that were loaded as ES modules without a CommonJS part cannot be told; `onUnseenCalls` hears of those at their first
 * request.
 */
export function sdksLoadedTooEarly(): readonly string[] {
  return [...new Set(SDKS.map((sdk) => sdk.moduleName))].filter(isLoadedInCommonJs);
}

function warnOfLoadedSdks(recorder: Recorder): void {
  const { onUnseenCalls } = recorder.options;
  for (const moduleName of sdksLoadedTooEarly()) {
    const advice =
      `${moduleName} was loaded before Costel, so its calls may go unseen. Start with ` +
      '"node --import @costel/node/register", or call register() before the SDK is loaded, or hand the loaded ' +
      'module to instrumentModule()';
    // A NodeSDK gives `diag` its logger after its instrumentations were made: what is said here may be heard by nobody,
    // so a request that goes unseen is told all the same.
    if (onUnseenCalls === advise) advise(advice);
    else tellOfUnseen({ moduleName }, recorder, advice);
  }
}

/** Says what keeps an SDK's calls from being seen, to whom the configuration names. */
function tellOfUnseen({ moduleName }: Pick<SdkDefinition, 'moduleName'>, { options }: Recorder, advice: string): void {
  settleSdk(moduleName);
  guarded('patch', () => {
    options.onUnseenCalls(advice);
  });
}

/**
 * Patches one loaded SDK and says so in one line, or says what to do instead.
 * @returns the exports to hand out.
 */
function patchLoadedSdk(
  moduleExports: unknown,
  version: string | undefined,
  sdk: SdkDefinition,
  recorder: Recorder,
): unknown {
  const named = `${sdk.moduleName} ${version ?? '(unknown version)'}`;
  const verdict = judgeVersion(version, sdk);
  if (verdict === 'too_old') {
    const advice = `${named} is older than the supported ${testedRange(sdk)} and was not patched: update the SDK`;
    tellOfUnseen(sdk, recorder, advice);
    return moduleExports;
  }
  if (verdict === 'newer' && !recorder.options.patchUntestedVersions) {
    const advice = `${named} is newer than the tested ${testedRange(sdk)} and was not patched (patchUntestedVersions: false)`;
    tellOfUnseen(sdk, recorder, advice);
    return moduleExports;
  }
  const patched = patchModule(moduleExports, sdk, recorder);
  const expected = sdk.methods.filter(({ isRecent }) => isRecent !== true).length;
  if (verdict !== 'tested' || patched.length < expected) {
    advise(
      `${named} is not among the tested versions (${testedRange(sdk)}); ${patched.length} of ${sdk.methods.length} ` +
        'methods were found and patched. Check with "costel doctor" that its calls arrive; update @costel/instrumentation',
    );
  }
  if (patched.length > 0) {
    settleSdk(sdk.moduleName);
    inform(`patched ${named}: ${patched.join(', ')}`);
  }
  return replaceModule(moduleExports, sdk, recorder);
}

/**
 * The instrumentations to hand to `registerInstrumentations` or to a `NodeSDK` of your own, e.g.
 * `new NodeSDK({ instrumentations: [llmInstrumentations()] })`.
 */
export function llmInstrumentations(config: CostelInstrumentationConfig = {}): Instrumentation[] {
  return [new LlmInstrumentation(config)];
}
