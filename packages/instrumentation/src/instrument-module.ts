import type { CostelInstrumentationConfig } from './config.js';
import { patchClient, patchModule, replaceModule } from './patching/patch-sdk.js';
import { settleSdk } from './patching/unseen-requests.js';
import type { SdkDefinition } from './sdks/sdk-definition.js';
import { SDKS } from './sdks/sdk-table.js';
import { Recorder, sharedRecorder } from './telemetry/recorder.js';
import { advise, inform } from './telemetry/trouble.js';

const NAMES = [...new Set(SDKS.map(({ moduleName }) => moduleName))].join(', ');

function recorderFor(config: CostelInstrumentationConfig | undefined): Recorder {
  return config === undefined ? sharedRecorder() : new Recorder(config);
}

/** The names of what was patched of an SDK; one of which something was needs no advice about calls that go unseen. */
function settled(patched: readonly string[], { moduleName }: SdkDefinition): readonly string[] {
  if (patched.length > 0) settleSdk(moduleName);
  return patched;
}

/**
 * Patches a module that is already loaded, for bundlers that inline the SDK: `instrumentModule(OpenAI)` or
 * `instrumentModule(await import('openai'))`. Patching twice is harmless.
 * @returns the module itself; of `ai`, whose exports cannot be changed, a copy to call in its place:
 * `const { generateText } = instrumentModule(await import('ai'))`.
 */
export function instrumentModule<Module>(moduleExports: Module, config?: CostelInstrumentationConfig): Module {
  const recorder = recorderFor(config);
  const patched = SDKS.flatMap((sdk) =>
    settled(patchModule(moduleExports, sdk, recorder), sdk).map((name) => `${sdk.moduleName} ${name}`),
  );
  if (patched.length > 0) inform(`patched a loaded module: ${patched.join(', ')}`);
  else advise(`instrumentModule was given no known SDK: pass the module of one of ${NAMES}`);
  return SDKS.reduce<Module>((exports, sdk) => replaceModule(exports, sdk, recorder) as Module, moduleExports);
}

/**
 * Patches one client only, e.g. `wrapClient(new OpenAI())`. Copies that the client makes of itself (`withOptions`) are
 * not covered; `instrumentModule` covers them.
 * @returns the client itself.
 */
export function wrapClient<Client>(client: Client, config?: CostelInstrumentationConfig): Client {
  const recorder = recorderFor(config);
  const patched = SDKS.flatMap((sdk) => settled(patchClient(client, sdk, recorder), sdk));
  if (patched.length === 0) advise(`wrapClient was given no known client: pass a client of one of ${NAMES}`);
  return client;
}
