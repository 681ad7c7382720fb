import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ASSUMPTIONS, pageWithTable, readMeasured, sizeDeployment } from '../../benchmarks/sizing/size-deployment.mjs';

const MEASURED = {
  collectorCpuUsPerSpan: 25,
  storeCpuUsPerSpan: 20,
  rollupCpuUsPerCall: 10,
  rawBytesPerSpan: 100,
  ledgerBytesPerCall: 50,
  edgeBytesPerSpan: 10,
  rollupBytesPerRow: 40,
};

describe('the sizing of a deployment', () => {
  it('is arithmetic over what was measured and assumed', () => {
    const size = sizeDeployment(1000, MEASURED);
    // 1 000 calls/s x 4 spans x 3 at the peak.
    expect(size.peakSpansPerSecond).toBe(12_000);
    // 12 000 x 25 us = 0.3 processors, 0.6 at half use: one collector would do, two are the least.
    expect(size.collectors).toBe(2);
    // 12 000 x 20 us + 3 000 x 10 us = 0.27 processors.
    expect(size.shards).toBe(1);
    // 345.6 M spans a day x 100 bytes x 90 days x 2 replicas x 1.5.
    expect(size.rawBytes).toBe(9_331_200_000_000);
    expect(sizeDeployment(100_000, MEASURED).collectors).toBe(30);
    expect(sizeDeployment(100_000, MEASURED).shards).toBe(7);
    // One call an hour has no more groups than calls.
    expect(sizeDeployment(1 / 3600, MEASURED).rollupBytes).toBeCloseTo(24 * 40 * ASSUMPTIONS.ledgerDays * 3);
  });

  it('of the page is what the script computes from measured.json', () => {
    for (const figure of Object.values(readMeasured())) expect(figure).toBeGreaterThan(0);
    const page = readFileSync(new URL('../../docs/sizing.md', import.meta.url), 'utf8');
    expect(pageWithTable(page)).toBe(page);
  });
});
