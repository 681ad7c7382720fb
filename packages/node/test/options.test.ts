import { afterEach, describe, expect, it, vi } from 'vitest';
import { adviceOnProtocols, signalUrl } from '../src/options.js';

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

describe('advice on the protocol', () => {
  it.each(['', 'http/protobuf', 'HTTP/protobuf'])('is none for "%s"', (protocol) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', protocol);
    expect(adviceOnProtocols(undefined, BOTH)).toEqual([]);
  });

  it('names the value, what is used and the fix, once for all signals of a variable', () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc');
    expect(adviceOnProtocols('http://user:word@collector:4317', BOTH)).toEqual([
      'OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not supported; http/protobuf is used in its place: ' +
        'traces to http://collector:4317/v1/traces, metrics to http://collector:4317/v1/metrics. ' +
        "Set it to http/protobuf, and the endpoint to the receiver's port for HTTP (4318 by custom; 4317 takes gRPC alone)",
    ]);
  });

  it('heeds the variable of a signal before that of all, and signals that are sent only', () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc');
    vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'http/protobuf');
    vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'http/json');
    expect(adviceOnProtocols(undefined, ['traces'])).toEqual([]);
    expect(adviceOnProtocols('http://collector:4318', BOTH)).toEqual([
      'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/json is not supported; http/protobuf is used in its place: ' +
        'metrics to http://collector:4318/v1/metrics. Set it to http/protobuf',
    ]);
  });
});
