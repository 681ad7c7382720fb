import { describe, expect, it } from 'vitest';
import { shape } from '../../../../packages/instrumentation/test/conformance/observe.js';
import { instrumentModule } from '../../../../packages/instrumentation/src/index.js';
import type { Telemetry } from '../../../../packages/instrumentation/test/support/telemetry.js';
import { loadSdk } from '../load-sdk.js';

/** A scenario takes milliseconds; the rest is for a busy machine. */
const SCENARIO_TIMEOUT_MS = 30_000;

/** What can be seen of a promise, but for the marks that Node puts on it once contexts are in use. */
export function promiseShape(promise: object): unknown {
  const { symbols: _symbols, ...rest } = shape(promise);
  return rest;
}

/** Does something with an SDK and tells everything that its user can see. */
export type Scenario<Module> = (module: Module) => Promise<unknown>;

/** What a suite of scenarios needs. */
export interface Comparison<Module> {
  readonly copy: string;
  readonly moduleName: string;
  readonly scenarios: Readonly<Record<string, Scenario<Module>>>;
  /** The scenario that shows that one copy is instrumented and the other is not, and its spans' names. */
  readonly proof: { readonly scenario: string; readonly spans: readonly string[] };
}

/** Runs each scenario with a copy that is instrumented and one that is not, and expects no difference. */
export function compareScenarios<Module>(telemetry: Telemetry, comparison: Comparison<Module>): void {
  const { copy, moduleName, scenarios, proof } = comparison;
  describe(`${copy} behaves with instrumentation as without`, () => {
    const plain = loadSdk(copy, moduleName, true) as Module;
    const patched = instrumentModule(loadSdk(copy, moduleName, true) as Module);
    it.each(Object.entries(scenarios))(
      '%s',
      async (_name, scenario) => {
        const expected = await scenario(plain);
        expect(await scenario(patched)).toEqual(expected);
      },
      SCENARIO_TIMEOUT_MS,
    );

    it('is really patched in one run and not in the other', async () => {
      await telemetry.reset();
      for (const module of [plain, patched]) await scenarios[proof.scenario]?.(module);
      expect(telemetry.spans.map(({ name }) => name)).toEqual(proof.spans);
    });
  });
}
