// Answers forecast tasks: JSON lines in on stdin, JSON lines out on stdout; a bad line goes to stderr and fails the run.
import { createInterface } from 'node:readline';

import { forecastTask } from '../dist/index.js';

let failed = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue;
  try {
    process.stdout.write(`${JSON.stringify(forecastTask(line))}\n`);
  } catch (error) {
    failed++;
    process.stderr.write(`${error.message}\n`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
