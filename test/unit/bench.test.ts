import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A quick run takes about ten seconds alone, and more beside other tests. */
const QUICK_RUN_TIMEOUT_MS = 120_000;

interface Summary {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
}

interface Figures {
  readonly p25Us: Summary;
  readonly overNone: { readonly addedUs: Summary; readonly addedCpuUs: Summary };
  readonly overAls: { readonly addedUs: Summary; readonly addedCpuUs: Summary };
}

interface Variant {
  readonly name: string;
  readonly json: Figures;
  readonly stream: Figures;
  readonly process: { readonly rssMb: number; readonly startUp: { readonly readyOverNoneMs: Summary } };
  readonly recorded: {
    readonly spans: number;
    readonly attributes: readonly string[];
    readonly series: Readonly<Record<string, number>>;
  };
}

interface Result {
  readonly mode: string;
  readonly machine: { readonly node: string; readonly processors: number; readonly loadAverage: readonly number[] };
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: {
    readonly rounds: number;
    readonly warmUpCalls: Readonly<Record<string, number>>;
    readonly callsPerRound: Readonly<Record<string, number>>;
  };
  readonly variants: readonly Variant[];
  readonly targets: readonly { readonly name: string; readonly isMet: boolean }[];
}

function bench(...args: readonly string[]) {
  return spawnSync(process.execPath, ['benchmarks/run.mjs', ...args], { cwd: root, encoding: 'utf8' });
}

describe('the benchmark of the instrumentation overhead', () => {
  let result: Result;
  let tables = '';

  beforeAll(() => {
    const { status, stdout, stderr } = bench('instrumentation-overhead', '--quick', '--json');
    if (status !== 0) throw new Error(stderr);
    tables = stderr;
    result = JSON.parse(stdout) as Result;
  }, QUICK_RUN_TIMEOUT_MS);

  function variant(name: string): Variant {
    const found = result.variants.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no variant "${name}"`);
    return found;
  }

  test('measures all controls and all instrumentations in one run', () => {
    expect(result.variants.map(({ name }) => name)).toEqual([
      'none',
      'none@2',
      'als',
      'official',
      'traceloop',
      'floor',
      'floor+producer',
      'costel',
      'costel+producer',
      'register',
    ]);
    for (const { json, stream, process: memory } of result.variants) {
      for (const { p25Us, overNone, overAls } of [json, stream]) {
        expect(p25Us.median).toBeGreaterThan(0);
        for (const summary of [overNone.addedUs, overNone.addedCpuUs, overAls.addedUs, overAls.addedCpuUs]) {
          expect(summary.q1).toBeLessThanOrEqual(summary.median);
          expect(summary.median).toBeLessThanOrEqual(summary.q3);
        }
      }
      expect(memory.rssMb).toBeGreaterThan(10);
      expect(memory.startUp.readyOverNoneMs.median).toBeTypeOf('number');
    }
  });

  test('counts one span a call for every instrumentation and none for the controls', () => {
    const { rounds, warmUpCalls, callsPerRound } = result.settings;
    const calls = ['json', 'stream'].reduce(
      (sum, kind) => sum + (warmUpCalls[kind] ?? 0) + rounds * (callsPerRound[kind] ?? 0),
      0,
    );
    for (const name of ['none', 'none@2', 'als']) expect(variant(name).recorded.spans).toBe(0);
    for (const name of ['official', 'traceloop', 'floor', 'floor+producer', 'costel', 'costel+producer', 'register']) {
      expect(variant(name).recorded.spans).toBe(calls);
    }
  });

  test('has Costel record the cost, at least 15 attributes and at least four metric points a call', () => {
    const { attributes, series } = variant('costel').recorded;
    expect(attributes).toContain('costel.cost.usd');
    expect(attributes.length).toBeGreaterThanOrEqual(15);
    expect(Object.values(series).reduce((sum, points) => sum + points, 0)).toBeGreaterThanOrEqual(4);
    expect(series['costel.cost']).toBe(1);
  });

  test('has the floor record as much: a cost, 15 attributes and four metric points a call', () => {
    for (const name of ['floor', 'floor+producer']) {
      const { attributes, series } = variant(name).recorded;
      expect(attributes).toContain('costel.cost.usd');
      expect(attributes).toHaveLength(15);
      expect(series).toEqual({
        'gen_ai.client.token.usage': 2,
        'gen_ai.client.operation.duration': 1,
        'costel.cost': 1,
      });
    }
  });

  test('says on which machine, Node and packages it ran, and warns that a quick run means nothing', () => {
    expect(result.mode).toBe('quick');
    expect(result.machine.node).toBe(process.versions.node);
    expect(result.machine.processors).toBeGreaterThan(0);
    expect(result.machine.loadAverage).toHaveLength(3);
    expect(result.versions['openai']).toMatch(/^6\./);
    expect(result.versions['@opentelemetry/instrumentation-openai']).toBe('0.21.0');
    expect(result.versions['@traceloop/instrumentation-openai']).toBe('0.27.0');
    expect(result.targets.length).toBeGreaterThan(0);
    expect(tables).toContain('QUICK MODE');
    expect(tables).toContain('load average before');
  });
});

describe('npm run bench', () => {
  test('lists the benchmarks with --help and with --list', () => {
    for (const option of ['--help', '--list']) {
      const { status, stdout } = bench(option);
      expect(status).toBe(0);
      expect(stdout).toContain('instrumentation-overhead');
      expect(stdout).toContain('pricing');
    }
  });

  test('hands --help and options on to the one benchmark that is named', () => {
    expect(bench('instrumentation-overhead', '--help').stdout).toContain('--quick');
  });

  test('refuses an unknown name, an unknown variant, a bad count and options without a name', () => {
    for (const args of [
      ['instrumentation'],
      ['--quick'],
      ['instrumentation-overhead', '--quick', '--rounds', '0'],
      ['instrumentation-overhead', '--quick', '--variants', 'costel,nobody'],
      ['instrumentation-overhead', '--quick', '--node', '/nowhere/node'],
    ]) {
      expect(bench(...args).status, args.join(' ')).not.toBe(0);
    }
  });
});

describe('the figures', () => {
  const script = `
    import { quantile, pairedDifference } from ${JSON.stringify(
      pathToFileURL(`${root}/benchmarks/instrumentation-overhead/statistics.mjs`).href,
    )};
    console.log(JSON.stringify([quantile([4, 1, 3, 2], 0.25), pairedDifference([11, 22, 33], [1, 2, 3])]));`;

  test('are quantiles and paired differences', () => {
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual([1.75, { median: 20, q1: 15, q3: 25 }]);
  });
});
