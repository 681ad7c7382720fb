// What an instrumented OpenAI call costs more than a plain one, beside the official and Traceloop's instrumentation.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { describeMachine, IDLE_LOAD_AVERAGE, versionOfNode, watchOthers } from './instrumentation-overhead/machine.mjs';
import { FULL, measureVariants, QUICK } from './instrumentation-overhead/measure.mjs';
import { formatResult } from './instrumentation-overhead/report.mjs';
import { buildResult } from './instrumentation-overhead/result.mjs';
import { DISTRIBUTION_VARIABLE, measuredVersions, VARIANTS } from './instrumentation-overhead/variants.mjs';
import { stagePublished } from '../scripts/stage-published.mjs';

const HELP = `Usage: npm run bench -- instrumentation-overhead [options]

Measures the added time, CPU, memory and start-up of @costel/instrumentation beside its peers, in one run.
benchmarks/README.md says how, and how to read it. About six minutes; keep the machine idle.

  --quick           a run of seconds that shows that everything works; its figures mean nothing
  --json            the result as JSON on stdout, the tables on stderr
  --node PATH       runs the measured processes on another Node
  --variants A,B    only these, besides the controls; there are: ${VARIANTS.map(({ name }) => name).join(', ')}
  --launches N      default ${FULL.launches}
  --rounds N        a launch, default ${FULL.rounds}
  --cpu-prof DIR    writes a CPU profile of each process there; the figures are then slower
  --help            shows this`;

/** Without these there is nothing to compare with. */
const isControl = ({ instrument }) => instrument === undefined;

/** @param {string | undefined} list */
function chooseVariants(list) {
  if (list === undefined) return VARIANTS;
  const names = list.split(',');
  const unknown = names.filter((name) => VARIANTS.every((variant) => variant.name !== name));
  if (unknown.length > 0) {
    refuse(
      `--variants: there is no "${unknown.join('", "')}"; there are ${VARIANTS.map(({ name }) => name).join(', ')}`,
    );
  }
  return VARIANTS.filter((variant) => isControl(variant) || names.includes(variant.name));
}

/** @param {string} name @param {string | undefined} text @param {number} fallback */
function chooseCount(name, text, fallback) {
  if (text === undefined) return fallback;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) refuse(`--${name} ${text}: must be a whole number >= 1`);
  return count;
}

/** @param {string} message @returns {never} */
function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        node: { type: 'string', default: process.execPath },
        variants: { type: 'string' },
        launches: { type: 'string' },
        rounds: { type: 'string' },
        'cpu-prof': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(`${error.message}\n\n${HELP}`);
  }
}

/** @param {string} nodePath */
function checkNode(nodePath) {
  try {
    return versionOfNode(nodePath);
  } catch (error) {
    return refuse(`--node ${nodePath}: not a Node binary that runs (${error.message})`);
  }
}

const options = readOptions();
if (options.help) {
  process.stdout.write(`${HELP}\n`);
} else {
  const defaults = options.quick ? QUICK : FULL;
  const settings = {
    ...defaults,
    launches: chooseCount('launches', options.launches, defaults.launches),
    rounds: chooseCount('rounds', options.rounds, defaults.rounds),
  };
  const variants = chooseVariants(options.variants);
  const node = checkNode(options.node);
  const versions = measuredVersions();
  const machine = describeMachine();
  if (!machine.isIdle) {
    process.stderr.write(
      `WARNING: load average ${machine.loadAverage[0]?.toFixed(2)} > ${IDLE_LOAD_AVERAGE}: something else is running, ` +
        'and the figures will not be worth quoting.\n',
    );
  }
  const startedAt = new Date().toISOString();
  const published = stagePublished();
  process.env[DISTRIBUTION_VARIABLE] = published.directoryOf('node');
  const othersSince = watchOthers();
  const { findings, cpuSeconds } = await measureVariants(variants, settings, {
    nodePath: options.node,
    cpuProfileFolder: options['cpu-prof'],
    onProgress: (text) => process.stderr.write(`${text}\n`),
  }).finally(published.remove);
  const own = process.cpuUsage();
  const result = {
    benchmark: 'instrumentation-overhead',
    mode: options.quick ? 'quick' : 'full',
    startedAt,
    machine: {
      ...machine,
      node,
      loadAverageAfter: loadavg(),
      otherProcessors: othersSince(cpuSeconds + (own.user + own.system) / 1e6),
    },
    versions,
    settings,
    ...buildResult(variants, findings, settings),
  };
  (options.json ? process.stderr : process.stdout).write(`${formatResult(result)}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
}
