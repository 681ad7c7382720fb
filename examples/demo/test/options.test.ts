import { expect, test } from 'vitest';
import { UsageError, parseOptions } from '../src/options.mjs';

test('without arguments the demo makes some 25 seconds of traffic against the default ports', () => {
  expect(parseOptions([])).toMatchObject({
    calls: 180,
    durationMs: 25_000,
    keepGoing: false,
    apiUrl: 'http://127.0.0.1:4320',
    otlpEndpoint: 'http://127.0.0.1:4318',
  });
});

test('each option changes what it names', () => {
  expect(parseOptions(['--calls', '5', '--seed', 'x', '--keep-going', '--api', 'http://localhost:1/'])).toMatchObject({
    calls: 5,
    seed: 'x',
    keepGoing: true,
    apiUrl: 'http://localhost:1',
  });
});

test.each([
  [['--calls', '0'], /--calls 0 must be a whole number from 1/],
  [['--calls', 'many'], /--calls many/],
  [['--alert-port', '70000'], /65535/],
  [['--api', 'localhost:4320'], /--api localhost:4320 must be an http or https URL/],
  [['--call', '5'], /--call/],
  [['5'], /5/],
])('%j is refused and says why', (args, message) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(message);
});
