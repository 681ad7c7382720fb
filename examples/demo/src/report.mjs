// What the demo prints.
import { formatUsd, parseUsd } from './true-cost.mjs';

const isColoured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

/** @param {number} code @param {string} text */
const paint = (code, text) => (isColoured ? `\u001B[${code}m${text}\u001B[0m` : text);
/** @param {string} text */
export const good = (text) => paint(32, text);
/** @param {string} text */
export const bad = (text) => paint(31, text);
/** @param {string} text */
export const strong = (text) => paint(1, text);
/** @param {string} text */
export const quiet = (text) => paint(2, text);

/** @param {string} [line] */
export function print(line = '') {
  clearProgress();
  process.stdout.write(`${line}\n`);
}

let hasProgress = false;

/** Shows where the run is: one line that is overwritten on a terminal, none elsewhere. @param {string} line */
export function showProgress(line) {
  if (!process.stdout.isTTY) return;
  process.stdout.write(`\r\u001B[2K${line.slice(0, (process.stdout.columns || 80) - 1)}`);
  hasProgress = true;
}

function clearProgress() {
  if (hasProgress) process.stdout.write('\r\u001B[2K');
  hasProgress = false;
}

/** @param {string} usd exact @returns {string} for reading, e.g. `$4.1355` */
export function roundedUsd(usd) {
  const pico = parseUsd(usd);
  const steps = (pico + 50_000_000n) / 100_000_000n;
  return `$${(Number(steps) / 10_000).toFixed(4)}`;
}

/**
 * Prints the comparison: every row with what the provider charges, and what Costel says wherever that differs.
 * @param {readonly import('./comparison.mjs').ComparedTable[]} tables
 */
export function printComparison(tables) {
  for (const { name, rows } of tables) {
    print();
    print(`${strong(name.padEnd(28))}${'calls'.padStart(7)}${'USD, exact'.padStart(20)}`);
    for (const row of rows) {
      const verdict = row.differences.length === 0 ? good('equal') : bad('DIFFERENT');
      print(`  ${row.key.padEnd(26)}${String(row.calls).padStart(7)}${row.costUsd.padStart(20)}  ${verdict}`);
      for (const { what, truth, costel } of row.differences) {
        print(bad(`      ${what}: the provider says ${truth}, Costel says ${costel}${gap(what, truth, costel)}`));
      }
    }
  }
  print();
}

/** @param {string} what @param {string} truth @param {string} costel */
function gap(what, truth, costel) {
  if (!what.startsWith('cost') || !/^[\d.]+$/.test(truth)) return '';
  return ` (${formatUsd(parseUsd(costel) - parseUsd(truth))})`;
}

/** @param {import('./alert-receiver.mjs').Alert} alert */
export function printAlert(alert) {
  print(`  ${strong('ALERT')} ${alert.message}`);
}
