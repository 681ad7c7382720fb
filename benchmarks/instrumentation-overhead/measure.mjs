import { Child } from './child.mjs';

/** @typedef {'json' | 'stream'} Kind */
/** @typedef {import('./variants.mjs').Variant} Variant */

/** A JSON chat call, and a stream of 200 chunks. @type {readonly Kind[]} */
export const KINDS = ['json', 'stream'];

/**
 * @typedef {object} Settings
 * @property {number} launches how often all processes are started anew: code layout and JIT differ from start to start
 * @property {number} rounds a launch
 * @property {Record<Kind, number>} warmUpCalls a process
 * @property {Record<Kind, number>} callsPerRound
 * @property {number} startUps start-ups timed a variant
 */

/** @type {Settings} */
export const FULL = {
  launches: 3,
  rounds: 15,
  warmUpCalls: { json: 10_000, stream: 1000 },
  callsPerRound: { json: 2000, stream: 120 },
  startUps: 11,
};

/** Shows that everything works; its figures mean nothing. @type {Settings} */
export const QUICK = {
  launches: 1,
  rounds: 2,
  warmUpCalls: { json: 64, stream: 4 },
  callsPerRound: { json: 64, stream: 4 },
  startUps: 1,
};

/** What one variant showed, one entry a round (over all launches), a launch, or a start-up. */
class Findings {
  /** @type {Record<Kind, number[]>} */
  p25Us = { json: [], stream: [] };
  /** @type {Record<Kind, number[]>} */
  cpuUs = { json: [], stream: [] };
  /** @type {number[]} */
  rssMb = [];
  /** @type {number[]} */
  heapMb = [];
  /** @type {{ setUpMs: number, loadSdkMs: number, readyMs: number, firstCallMs: number, rssMb: number }[]} */
  startUps = [];
  /** @type {{ spans: number, attributes: string[], series: Record<string, number> } | undefined} */
  recorded;
}

/** @typedef {import('./child.mjs').ChildOptions & { onProgress: (text: string) => void }} Run */

/**
 * Runs all variants in turn, the order reversed every other round, and collects what they took.
 * @param {readonly Variant[]} variants @param {Settings} settings @param {Run} run
 * @returns {Promise<{ findings: Map<string, Findings>, cpuSeconds: number }>} by variant; and the CPU time of all of it
 * @throws {Error} when a variant fails, or records another number of spans than it made calls
 */
export async function measureVariants(variants, settings, run) {
  const findings = new Map(variants.map(({ name }) => [name, new Findings()]));
  let cpuSeconds = 0;
  for (let launch = 0; launch < settings.launches; launch += 1) {
    run.onProgress(`launch ${launch + 1} of ${settings.launches}`);
    cpuSeconds += await measureLaunch(variants, settings, run, findings);
  }
  cpuSeconds += await measureStartUps(variants, settings, run, findings);
  return { findings, cpuSeconds };
}

/**
 * @param {readonly Variant[]} variants @param {Settings} settings @param {Run} run @param {Map<string, Findings>} findings
 * @returns {Promise<number>} CPU seconds
 */
async function measureLaunch(variants, settings, run, findings) {
  const children = variants.map((variant) => ({ variant, child: new Child(variant.name, run) }));
  try {
    for (const { variant, child } of children) {
      run.onProgress(`  warm-up of ${variant.name}`);
      await warmUp(child, settings);
    }
    for (let round = 0; round < settings.rounds; round += 1) {
      const order = round % 2 === 0 ? children : children.toReversed();
      for (const kind of KINDS) {
        for (const { variant, child } of order) {
          const { p25Us, cpuUs } = await child.ask({ task: 'measure', kind, count: settings.callsPerRound[kind] });
          findings.get(variant.name)?.p25Us[kind].push(p25Us);
          findings.get(variant.name)?.cpuUs[kind].push(cpuUs);
        }
      }
      if ((round + 1) % 5 === 0) run.onProgress(`  ${round + 1} of ${settings.rounds} rounds`);
    }
    let cpuSeconds = 0;
    for (const { variant, child } of children) {
      const found = findings.get(variant.name);
      if (found === undefined) continue;
      const { rssMb, heapMb, cpuSeconds: own } = await child.ask({ task: 'process' });
      cpuSeconds += own;
      found.rssMb.push(rssMb);
      found.heapMb.push(heapMb);
      found.recorded = await child.ask({ task: 'recorded' });
      checkRecorded(variant, found, settings);
    }
    return cpuSeconds;
  } finally {
    await Promise.all(children.map(({ child }) => child.end()));
  }
}

/** Alternates both kinds, so that neither has the last word in what the compiler learns. @param {Child} child @param {Settings} settings */
async function warmUp(child, { warmUpCalls }) {
  for (let part = 0; part < 2; part += 1) {
    for (const kind of KINDS) await child.ask({ task: 'measure', kind, count: warmUpCalls[kind] / 2 });
  }
}

/**
 * Holds a variant to what it claims: an instrumentation that did not patch anything, or whose queue dropped spans,
 * would look fast. @param {Variant} variant @param {Findings} found @param {Settings} settings
 */
function checkRecorded(variant, found, { rounds, warmUpCalls, callsPerRound }) {
  const calls = KINDS.reduce((sum, kind) => sum + warmUpCalls[kind] + rounds * callsPerRound[kind], 0);
  const expected = variant.instrument === undefined ? 0 : calls;
  const spans = found.recorded?.spans;
  if (spans !== expected) throw new Error(`"${variant.name}" made ${calls} calls and recorded ${spans} spans`);
}

/**
 * @param {readonly Variant[]} variants @param {Settings} settings @param {Run} run @param {Map<string, Findings>} findings
 * @returns {Promise<number>} CPU seconds
 */
async function measureStartUps(variants, settings, run, findings) {
  let cpuSeconds = 0;
  run.onProgress('start-ups');
  for (let round = 0; round < settings.startUps; round += 1) {
    for (const { name } of round % 2 === 0 ? variants : variants.toReversed()) {
      const child = new Child(name, { nodePath: run.nodePath }, ['--start-up']);
      const answer = await child.answer();
      cpuSeconds += answer.cpuSeconds;
      findings.get(name)?.startUps.push(answer);
      await child.end();
    }
  }
  return cpuSeconds;
}
