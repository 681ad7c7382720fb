import { fileURLToPath } from 'node:url';
import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { loadOpenAi, type OpenAiCopy } from '../../../packages/instrumentation/test/support/sdk-copies.js';
import { loadSdk } from './load-sdk.js';
import { chat, CHAT_USD, fresh, stream, type NestedCase, type OpenAiModule } from './nested-calls.js';
import { trace } from './otel-api.js';

interface Instrumentation {
  disable(): void;
  setTracerProvider(provider: unknown): void;
  manuallyInstrument?(module: unknown): void;
  manualPatch?(module: unknown): void;
}

/** Has another instrumentation patch a module that is loaded. */
export function manuallyInstrument(packageName: string, className: string, module: unknown): void {
  const exports = loadSdk('side-by-side', packageName) as Record<string, new () => Instrumentation>;
  const Class = exports[className];
  if (Class === undefined) throw new Error(`${packageName} has no ${className}`);
  const instrumentation = new Class();
  // It would patch what is loaded from now on, in front of ours.
  instrumentation.disable();
  // As `registerInstrumentations` does: some bring a copy of OpenTelemetry's API that finds nothing registered.
  instrumentation.setTracerProvider(trace.getTracerProvider());
  if (instrumentation.manuallyInstrument === undefined) instrumentation.manualPatch?.(module);
  else instrumentation.manuallyInstrument(module);
}

interface Peer {
  readonly name: string;
  readonly copy: OpenAiCopy;
  readonly patch: (module: OpenAiModule) => void;
}

const OPENLIT_CONFIG = fileURLToPath(new URL('../node_modules/openlit/dist/config.js', import.meta.url));

/** What OpenLIT's set-up would have said. */
function configureOpenLit(): void {
  const config = loadSdk('side-by-side', OPENLIT_CONFIG) as { default: Record<string, unknown> };
  Object.assign(config.default, {
    applicationName: 'app',
    environment: 'test',
    pricingInfo: {},
    tracer: trace.getTracer('openlit'),
  });
}

/** Has OpenLIT patch a module by itself; its set-up would replace the application's providers. */
export function openLit(instrumentation: string, module: unknown): void {
  configureOpenLit();
  const file = new URL(`../node_modules/openlit/dist/instrumentation/${instrumentation}/index.js`, import.meta.url);
  manuallyInstrument(fileURLToPath(file), 'default', module);
}

const PEERS: readonly Peer[] = [
  {
    name: 'OpenInference',
    copy: 'openai-7',
    patch: ({ OpenAI }) =>
      manuallyInstrument('@arizeai/openinference-instrumentation-openai', 'OpenAIInstrumentation', OpenAI),
  },
  {
    name: 'Traceloop',
    copy: 'openai-6',
    patch: ({ OpenAI }) => manuallyInstrument('@traceloop/instrumentation-openai', 'OpenAIInstrumentation', OpenAI),
  },
  {
    name: 'OpenLIT',
    copy: 'openai-7',
    patch: (module) => openLit('openai', module),
  },
];

/** Another instrumentation of the same SDK in the process, inside ours or around it. */
export const SIDE_BY_SIDE: readonly NestedCase[] = PEERS.flatMap(({ name, copy, patch }) => {
  const innermost = (): OpenAiModule => {
    const module = loadOpenAi(copy, true);
    patch(module);
    return instrumentModule(module);
  };
  const outermost = (): OpenAiModule => {
    const module = fresh(copy);
    patch(module);
    return module;
  };
  return [innermost, outermost].flatMap((load): NestedCase[] => {
    const where = load === innermost ? 'inside ours' : 'around ours';
    return [
      { name: `${name} ${where}`, usd: CHAT_USD, run: (server) => chat(load(), server) },
      { name: `${name} ${where}, of a stream`, usd: CHAT_USD, run: (server) => stream(load(), server) },
    ];
  });
});
