import { KINDS } from './measure.mjs';
import { pairedDifference, quantile, summarize } from './statistics.mjs';
import { BASE, ALS, OFFICIAL, OURS } from './variants.mjs';

/** @typedef {import('./statistics.mjs').Summary} Summary */
/** @typedef {import('./measure.mjs').Kind} Kind */

/** What ours may add over als, at most: absolute on an idle machine of the reference kind, and beside the official one. */
const TARGETS = [
  { kind: 'json', addedUs: 12, ratioToOfficial: 0.75 },
  { kind: 'stream', addedUs: 80, ratioToOfficial: 0.45 },
];
const MOST_ADDED_RSS_MB = 10;
const MOST_ADDED_START_UP_MS = 60;

/** @param {number[]} values @param {number} launch @param {number} rounds */
function ofLaunch(values, launch, rounds) {
  return values.slice(launch * rounds, (launch + 1) * rounds);
}

/**
 * Ours beside another variant: the ratio of what both add over als (medians over all rounds), and the smallest
 * and largest ratio of any launch; undefined where there is nothing to compare.
 */
function ratioOfAdded(findings, name, otherName, kind, { launches, rounds }) {
  const [values, others, bases] = [name, otherName, ALS].map((each) => findings.get(each)?.p25Us[kind]);
  if (values === undefined || others === undefined || bases === undefined) return undefined;
  const ratio = (from, to) => {
    const added = pairedDifference(values.slice(from, to), bases.slice(from, to)).median;
    const addedByOther = pairedDifference(others.slice(from, to), bases.slice(from, to)).median;
    return addedByOther > 0 ? added / addedByOther : undefined;
  };
  const each = Array.from({ length: launches }, (_, launch) => ratio(launch * rounds, (launch + 1) * rounds));
  const overall = ratio(0, values.length);
  // Where the other one adds nothing that can be told from noise, there is nothing to be held against.
  if (overall === undefined || each.includes(undefined)) return undefined;
  return { ratio: overall, lowest: Math.min(...each), highest: Math.max(...each) };
}

/** The figures of one kind of call: absolute, and added over both controls. */
function callFigures(findings, name, kind, settings) {
  const own = findings.get(name);
  const over = (baseName) => {
    const base = findings.get(baseName);
    return {
      addedUs: pairedDifference(own.p25Us[kind], base.p25Us[kind]),
      addedCpuUs: pairedDifference(own.cpuUs[kind], base.cpuUs[kind]),
    };
  };
  return {
    p25Us: summarize(own.p25Us[kind]),
    cpuUs: summarize(own.cpuUs[kind]),
    p25UsByLaunch: Array.from({ length: settings.launches }, (_, launch) =>
      quantile(ofLaunch(own.p25Us[kind], launch, settings.rounds), 0.5),
    ),
    overNone: over(BASE),
    overAls: over(ALS),
    ratioToOfficial: findings.has(OFFICIAL) ? ratioOfAdded(findings, name, OFFICIAL, kind, settings) : undefined,
  };
}

function processFigures(findings, name) {
  const own = findings.get(name);
  const startUps = (from, field) => findings.get(from).startUps.map((startUp) => startUp[field]);
  return {
    rssMb: quantile(own.rssMb, 0.5),
    heapMb: quantile(own.heapMb, 0.5),
    rssOverNoneMb: pairedDifference(own.rssMb, findings.get(BASE).rssMb),
    rssOverAlsMb: pairedDifference(own.rssMb, findings.get(ALS).rssMb),
    startUp: {
      setUpMs: summarize(startUps(name, 'setUpMs')),
      loadSdkMs: summarize(startUps(name, 'loadSdkMs')),
      firstCallMs: summarize(startUps(name, 'firstCallMs')),
      readyMs: summarize(startUps(name, 'readyMs')),
      readyOverNoneMs: pairedDifference(startUps(name, 'readyMs'), startUps(BASE, 'readyMs')),
      readyOverAlsMs: pairedDifference(startUps(name, 'readyMs'), startUps(ALS, 'readyMs')),
    },
  };
}

/** @returns {{ name: string, limit: number, actual: number, isMet: boolean }[]} */
function judge(variants) {
  const ours = variants.find(({ name }) => name === OURS);
  if (ours === undefined) return [];
  const target = (name, limit, actual) => ({ name, limit, actual, isMet: actual <= limit });
  const calls = TARGETS.flatMap(({ kind, addedUs, ratioToOfficial }) => {
    const figures = ours[kind];
    const ratio = figures.ratioToOfficial;
    return [
      target(`${kind}: added over als, µs`, addedUs, figures.overAls.addedUs.median),
      ...(ratio === undefined ? [] : [target(`${kind}: ratio to official`, ratioToOfficial, ratio.ratio)]),
    ];
  });
  return [
    ...calls,
    // Whether OpenTelemetry was there before is the application's choice: both are told.
    target('resident memory: added over none, MB', MOST_ADDED_RSS_MB, ours.process.rssOverNoneMb.median),
    target('resident memory: added over als, MB', MOST_ADDED_RSS_MB, ours.process.rssOverAlsMb.median),
    target('start-up: added over none, ms', MOST_ADDED_START_UP_MS, ours.process.startUp.readyOverNoneMs.median),
    target('start-up: added over als, ms', MOST_ADDED_START_UP_MS, ours.process.startUp.readyOverAlsMs.median),
  ];
}

/**
 * Turns what was measured into figures.
 * @param {readonly import('./variants.mjs').Variant[]} variants
 */
export function buildResult(variants, findings, settings) {
  const figures = variants.map(({ name, about }) => ({
    name,
    about,
    ...Object.fromEntries(KINDS.map((kind) => [kind, callFigures(findings, name, kind, settings)])),
    process: processFigures(findings, name),
    recorded: findings.get(name).recorded,
  }));
  return { variants: figures, targets: judge(figures) };
}
