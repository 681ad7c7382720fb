import { expect, it, vi } from 'vitest';
import { OutageReport } from '../../src/outage-report.js';

it('metrics that a back end refuses for good are told once, though traces arrive in between', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const told = new Set<string>();
  const traces = new OutageReport('http://receiver/v1/traces', told);
  const metrics = new OutageReport('http://receiver/v1/metrics', told);
  for (let round = 0; round < 3; round += 1) {
    metrics.failed(Object.assign(new Error('Not Found'), { code: 404 }));
    traces.succeeded();
  }
  expect(warn).toHaveBeenCalledTimes(1);
  const message = String(warn.mock.calls[0]?.[0]);
  expect(message).toContain('cannot export to http://receiver/v1/metrics (404)');
  expect(message).toContain('what is refused is not sent again: check this URL');
  expect(message).not.toContain('kept for a while');
});
