import { afterEach, describe, expect, it, vi } from 'vitest';
import { signalUrl } from '../src/options.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const BOTH = ['traces', 'metrics'] as const;

describe('where a signal is sent', () => {
  it('is the default receiver where nothing is said', () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', '');
    expect(signalUrl(undefined, 'traces')).toBe('http://localhost:4318/v1/traces');
  });

  it('is below the option, which wins over every variable', () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'http://own/spans');
    expect(signalUrl('http://option/base/', 'traces')).toBe('http://option/base/v1/traces');
  });

  it('is the variable of the signal as it stands, else below the variable of all', () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://all:4318/base/');
    vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'http://own/spans');
    expect(BOTH.map((signal) => signalUrl(undefined, signal))).toEqual([
      'http://own/spans',
      'http://all:4318/base/v1/metrics',
    ]);
  });

  it('passes over a variable that is no URL', () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'collector');
    expect(signalUrl(undefined, 'metrics')).toBe('http://localhost:4318/v1/metrics');
  });
});
