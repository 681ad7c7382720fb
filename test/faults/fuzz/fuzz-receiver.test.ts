import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CostelProcess } from '../support/costel-process.js';
import { printFigure, quantile } from '../support/figures.js';
import { Random } from '../support/random.js';
import { settings } from '../support/settings.js';
import { ANSWER_LIMIT_MS, attack } from './attack.js';
import { compareNeighbours } from './neighbours.js';

/** Stated bound of the whole process under hostile bodies: engine, queue, rows, and the decoder's heap of 768 MiB. */
const MEMORY_LIMIT_BYTES = 2.5 * 2 ** 30;

describe('the embedded receiver under hostile bodies', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  it(`answers each of ${settings.bodies}, loses no neighbour, and counts every rejection by its reason`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-fuzz-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const stack = await CostelProcess.prepare(join(directory, 'data'));
    undo.push(() => stack.kill());
    await stack.start();
    const { pid } = stack;
    let peakBytes = 0;
    const startedAt = performance.now();
    const result = await attack({
      url: stack.otlpUrl,
      random: new Random(settings.seed, 'fuzz-receiver'),
      requests: settings.bodies,
      concurrency: 48,
      onAnswer: () => {
        peakBytes = Math.max(peakBytes, stack.residentBytes());
      },
    });
    const seconds = (performance.now() - startedAt) / 1000;

    expect(result.offences).toEqual([]);
    expect({ isRunning: stack.isRunning, pid: stack.pid }).toEqual({ isRunning: true, pid });
    expect(Math.max(...result.latenciesMs)).toBeLessThan(ANSWER_LIMIT_MS);
    expect(peakBytes).toBeLessThan(MEMORY_LIMIT_BYTES);

    const refused = await stack.metric('costel_receiver_refused_requests_total');
    const rejected = await stack.metric('costel_receiver_rejected_records_total');
    const refusals = [...result.statuses].filter(([status]) => status !== 200).map(([, count]) => count);
    expect(sum(refused.values())).toBe(sum(refusals));
    expect(sum(rejected.values())).toBe(result.rejectedRecords);

    expect(await compareNeighbours(stack, result.neighbours)).toEqual({ missing: [], wrong: [] });
    printFigure('hostile bodies to the embedded receiver', {
      bodies: result.requests,
      seconds: seconds.toFixed(0),
      acknowledged: result.statuses.get(200) ?? 0,
      'refused by reason': [...refused].map(([reason, count]) => `${reason}:${count}`).join(' '),
      'records rejected by reason': [...rejected].map(([reason, count]) => `${reason}:${count}`).join(' '),
      neighbours: result.neighbours.length,
      'neighbours lost': 0,
      'answer p99 ms': quantile(result.latenciesMs, 0.99).toFixed(0),
      'slowest ms': Math.max(...result.latenciesMs).toFixed(0),
      'peak memory MiB': Math.round(peakBytes / 2 ** 20),
    });
  });
});

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
