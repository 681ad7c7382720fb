import { beforeAll, describe, expect, it } from 'vitest';
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

/** Does something with an SDK, its module or a client, and tells everything that its user can see. */
export type Scenario<Subject> = (subject: Subject) => Promise<unknown>;

/** What a suite of scenarios needs. */
export interface Comparison<Subject> {
  readonly copy: string;
  readonly scenarios: Readonly<Record<string, Scenario<Subject>>>;
  /** What a scenario is given without instrumentation; all of them run so before the first runs with it. */
  readonly plain: () => Subject | Promise<Subject>;
  readonly patched: () => Subject | Promise<Subject>;
  /** What can be compared of what a scenario tells; default: all of it. */
  readonly seen?: (told: unknown) => unknown;
  /** The scenario that shows that one run is instrumented and the other is not, and its spans' names. */
  readonly proof: { readonly scenario: string; readonly spans: readonly string[] };
}

/** Loads when it is first asked, and never again. */
function once<Value>(load: () => Value): () => Value {
  let loaded: { readonly value: Value } | undefined;
  return () => {
    loaded ??= { value: load() };
    return loaded.value;
  };
}

/** A module without and with instrumentation, each loaded when it is first needed. */
export function bothCopies<Module>(copy: string, moduleName: string): Pick<Comparison<Module>, 'plain' | 'patched'> {
  const plain = once(() => loadSdk(copy, moduleName, true) as Module);
  const patched = once(() => instrumentModule(loadSdk(copy, moduleName, true) as Module));
  return { plain, patched };
}

/** Runs each scenario without instrumentation and with it, and expects no difference. */
export function compareScenarios<Subject>(telemetry: Telemetry, comparison: Comparison<Subject>): void {
  const { copy, scenarios, plain, patched, proof, seen = (told) => told } = comparison;
  describe(`${copy} behaves with instrumentation as without`, () => {
    const expected = new Map<string, unknown>();
    beforeAll(async () => {
      await telemetry.reset();
      for (const [name, scenario] of Object.entries(scenarios)) expected.set(name, seen(await scenario(await plain())));
      expect(telemetry.spans).toEqual([]);
    });

    it.each(Object.entries(scenarios))(
      '%s',
      async (name, scenario) => {
        expect(expected.has(name)).toBe(true);
        expect(seen(await scenario(await patched()))).toEqual(expected.get(name));
      },
      SCENARIO_TIMEOUT_MS,
    );

    it('is really patched in one run and not in the other', async () => {
      await telemetry.reset();
      await scenarios[proof.scenario]?.(await patched());
      expect(telemetry.spans.map(({ name }) => name)).toEqual(proof.spans);
    });
  });
}
