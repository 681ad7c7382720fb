// Prices recorded interactions: JSON lines on stdin, one JSON answer a line on stdout.
//   node packages/pricing/scripts/price.mjs [--at YYYY-MM-DD] < interactions.jsonl
// Needs the built package (dist). `costel price` is the command for users; this one serves the score and the benchmarks.
import { priceInteractionLines } from '../dist/index.js';

const args = process.argv.slice(2);
const atText = args[0] === '--at' ? args[1] : undefined;
const at = atText === undefined ? undefined : Date.parse(atText);
if (Number.isNaN(at) || (args.length > 0 && atText === undefined)) {
  console.error(`usage: price.mjs [--at YYYY-MM-DD]; got ${args.join(' ')}`);
  process.exit(2);
}
process.stdin.setEncoding('utf8');
for await (const answer of priceInteractionLines(process.stdin, { at, now: Date.now() })) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
