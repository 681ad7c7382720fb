import { expect, it, vi } from 'vitest';
import { OutageReport } from '../../src/outage-report.js';

it('an outage names the whole URL of the signal that failed', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const error = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  new OutageReport('http://receiver:4318/base/v1/metrics').failed(error);
  expect(warn.mock.calls).toEqual([
    [expect.stringContaining('cannot export to http://receiver:4318/base/v1/metrics (ECONNREFUSED)')],
  ]);
});
