import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutageReport } from '../src/outage-report.js';

const AWAY = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const refusedWith = (code: number): Error => Object.assign(new Error('no'), { code });

const warn = vi.spyOn(console, 'warn');
beforeEach(() => {
  warn.mockReset().mockImplementation(() => undefined);
});
afterEach(() => {
  warn.mockReset();
});

const said = (): string[] => warn.mock.calls.map(([message]) => String(message));

/** Traces and metrics of one process. */
function signals(base = 'http://receiver:4318') {
  const told = new Set<string>();
  return {
    traces: new OutageReport(`${base}/v1/traces`, told),
    metrics: new OutageReport(`${base}/v1/metrics`, told),
  };
}

describe('the report of an outage', () => {
  it('leaves out the password and the query, where people pass keys', () => {
    new OutageReport('http://sk-user:sk-word@receiver/v1/traces?api-key=sk-query').failed(AWAY);
    expect(said()).toEqual([expect.stringContaining('cannot export to http://receiver/v1/traces (')]);
    expect(said().join()).not.toContain('sk-');
  });

  it('is one for all signals while their receiver is away, and the next outage is told again', () => {
    const { traces, metrics } = signals();
    traces.failed(AWAY);
    metrics.failed(new Error('Request timed out'));
    expect(said()).toHaveLength(1);
    traces.succeeded();
    metrics.succeeded();
    traces.failed(AWAY);
    expect(said()).toHaveLength(2);
  });

  it('that one signal is refused does not hide that the receiver is away for the other', () => {
    const { traces, metrics } = signals();
    metrics.failed(refusedWith(404));
    traces.failed(AWAY);
    expect(said()).toEqual([
      expect.stringContaining('/v1/metrics (404)'),
      expect.stringContaining('/v1/traces (ECONN'),
    ]);
  });
});
