/*
 * How many collectors and shards, and how much disk, a load needs: arithmetic over measured.json and nothing else.
 * docs/sizing.md shows what this computes; `node benchmarks/sizing/size-deployment.mjs --write` puts it there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DAY_SECONDS = 86_400;
const QUARTERS_A_DAY = 96;

/**
 * @typedef {object} Measured
 * @property {number} collectorCpuUsPerSpan  microseconds of a processor, collector process
 * @property {number} storeCpuUsPerSpan      microseconds of a processor, ClickHouse: raw, ledger, edges, merges, sync
 * @property {number} rollupCpuUsPerCall     microseconds of a processor, judging and building
 * @property {number} rawBytesPerSpan        bytes on disk, merged
 * @property {number} ledgerBytesPerCall     bytes on disk, merged
 * @property {number} edgeBytesPerSpan       bytes on disk, merged
 * @property {number} rollupBytesPerRow      bytes on disk of a row of the finest rollup
 */

/**
 * @typedef {object} Assumptions
 * @property {number} spansPerCall          spans of a trace for each call of a model
 * @property {number} peakFactor            busiest second over the mean one
 * @property {number} utilization           share of a processor that the plan uses
 * @property {number} collectorCores        processors of a collector
 * @property {number} shardCores            processors of a ClickHouse server that take in; as many again are left to queries
 * @property {number} replicas              copies of each shard
 * @property {number} freeDiskFactor        disk over data: merges write before they delete
 * @property {number} rawDays               retention of spans
 * @property {number} edgeDays              retention of edges
 * @property {number} ledgerDays            retention of calls and quarter hours
 * @property {number} groupsPerQuarter      combinations of dimensions in a quarter hour
 */

/** @type {Readonly<Assumptions>} */
export const ASSUMPTIONS = {
  spansPerCall: 4,
  peakFactor: 3,
  utilization: 0.5,
  collectorCores: 2,
  shardCores: 8,
  replicas: 2,
  freeDiskFactor: 1.5,
  rawDays: 90,
  edgeDays: 7,
  ledgerDays: 760,
  groupsPerQuarter: 2000,
};

/**
 * What a mean load needs. E.g. 100 calls/s x 4 spans x 3 at the peak x 25 us = 0.03 processors of collecting.
 * @param {number} callsPerSecond
 * @param {Measured} measured
 * @param {Readonly<Assumptions>} assumed
 */
export function sizeDeployment(callsPerSecond, measured, assumed = ASSUMPTIONS) {
  const peakCalls = callsPerSecond * assumed.peakFactor;
  const peakSpans = peakCalls * assumed.spansPerCall;
  const coresFor = (/** @type {number} */ microseconds) => microseconds / 1e6 / assumed.utilization;
  const collectorCores = coresFor(peakSpans * measured.collectorCpuUsPerSpan);
  const storeCores = coresFor(peakSpans * measured.storeCpuUsPerSpan + peakCalls * measured.rollupCpuUsPerCall);
  const callsADay = callsPerSecond * DAY_SECONDS;
  const spansADay = callsADay * assumed.spansPerCall;
  const copies = assumed.replicas * assumed.freeDiskFactor;
  // A quiet quarter hour has no more groups than calls.
  const groupsADay = Math.min(assumed.groupsPerQuarter * QUARTERS_A_DAY, callsADay);
  return {
    peakSpansPerSecond: peakSpans,
    // Two, so that one can be restarted.
    collectors: Math.max(2, Math.ceil(collectorCores / assumed.collectorCores)),
    shards: Math.max(1, Math.ceil(storeCores / assumed.shardCores)),
    rawBytes: spansADay * measured.rawBytesPerSpan * assumed.rawDays * copies,
    edgeBytes: spansADay * measured.edgeBytesPerSpan * assumed.edgeDays * copies,
    ledgerBytes: callsADay * measured.ledgerBytesPerCall * assumed.ledgerDays * copies,
    rollupBytes: groupsADay * measured.rollupBytesPerRow * assumed.ledgerDays * copies,
  };
}

/** @param {number} bytes */
function gigabytes(bytes) {
  const value = bytes / 1e9;
  return value >= 1000 ? `${(value / 1000).toFixed(1)} TB` : `${value < 10 ? value.toFixed(1) : Math.round(value)} GB`;
}

/** The table of the page, and the figures that it is made of. @param {Measured} measured */
export function sizingTable(measured) {
  const loads = [1, 10, 100, 1000, 10_000];
  const rows = loads.map((load) => {
    const size = sizeDeployment(load, measured);
    const disk = size.rawBytes + size.edgeBytes + size.ledgerBytes + size.rollupBytes;
    return `| ${load} | ${size.peakSpansPerSecond} | ${size.collectors} | ${size.shards} | ${gigabytes(size.rawBytes)} | ${gigabytes(size.ledgerBytes)} | ${gigabytes(size.rollupBytes)} | ${gigabytes(disk)} |`;
  });
  const list = (/** @type {object} */ values) =>
    Object.entries(values).map(([name, value]) => `| \`${name}\` | ${value} |`);
  return [
    '| calls/s, mean | spans/s, peak | collectors | shards | raw spans | ledger | quarter hours | disk in all |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    'Measured (`benchmarks/sizing/measured.json`):',
    '',
    '| figure | value |',
    '| --- | ---: |',
    ...list(measured),
    '',
    'Assumed (`ASSUMPTIONS` in `benchmarks/sizing/size-deployment.mjs`):',
    '',
    '| figure | value |',
    '| --- | ---: |',
    ...list(ASSUMPTIONS),
  ].join('\n');
}

const START = '<!-- computed: node benchmarks/sizing/size-deployment.mjs --write -->';
const END = '<!-- end of what is computed -->';
const PAGE = new URL('../../docs/sizing.md', import.meta.url);

/** @returns {Measured} */
export function readMeasured() {
  return JSON.parse(readFileSync(new URL('measured.json', import.meta.url), 'utf8')).figures;
}

/** The page with what is computed of it anew. @param {string} page */
export function pageWithTable(page) {
  const [before, rest] = page.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('docs/sizing.md has lost its marks');
  return `${before}${START}\n\n${sizingTable(readMeasured())}\n\n${END}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = pageWithTable(readFileSync(PAGE, 'utf8'));
  if (process.argv.includes('--write')) writeFileSync(PAGE, page);
  else console.log(sizingTable(readMeasured()));
}
