// The command line of the demo.
import { parseArgs } from 'node:util';

export const HELP = `Usage: npm run demo -- [options]

Sends live traffic through the real OpenAI and Anthropic clients, instrumented with Costel, against a local replay of
the providers, and compares what Costel says it cost with the provider's own books. Start the stack first: npm start

Options
  --calls N                  how many calls to make (default 180, at least 1)
  --seconds N                over how many seconds (default 25)
  --seed TEXT                the same seed makes the same calls and answers (default: a new one, printed)
  --keep-going               make calls until Ctrl-C, then compare
  --api URL                  page and API of the stack (default http://127.0.0.1:4320)
  --otlp URL                 OTLP/HTTP endpoint of the stack (default http://127.0.0.1:4318)
  --alert-port N             where the demo waits for the alerts of its budgets (default 4390, as in costel.yaml)
  --visibility-limit-ms N    p95 from a call's end until the summary has it must not exceed this (default 2000)
  --save-truth FILE          keep the provider's books of this run
  --compare FILE             make no calls: compare books kept before with what Costel says now
  --help                     this text

Exit codes
  0  Costel agrees with the provider to the pico-dollar
  1  it does not, a call failed, spend became visible too late, or an alert did not arrive
  2  the command line is wrong
  3  the stack is not running`;

/** The port that examples/demo/costel.yaml sends its alerts to. */
const ALERT_PORT = 4390;

/** The command line is wrong. */
export class UsageError extends Error {}

/**
 * @typedef {object} DemoOptions
 * @property {boolean} help
 * @property {number} calls
 * @property {number} durationMs
 * @property {string} seed
 * @property {boolean} keepGoing
 * @property {string} apiUrl
 * @property {string} otlpEndpoint
 * @property {number} alertPort
 * @property {number} visibilityLimitMs
 * @property {string | undefined} saveTruth
 * @property {string | undefined} compare
 */

/**
 * @param {string[]} args
 * @returns {DemoOptions}
 * @throws {UsageError}
 */
export function parseOptions(args) {
  const { values } = parse(args);
  return {
    help: values.help,
    calls: wholeNumber('--calls', values.calls, 1, 1_000_000),
    durationMs: 1000 * wholeNumber('--seconds', values.seconds, 1, 86_400),
    seed: values.seed ?? Math.random().toString(36).slice(2, 8),
    keepGoing: values['keep-going'],
    apiUrl: httpUrl('--api', values.api),
    otlpEndpoint: httpUrl('--otlp', values.otlp),
    alertPort: wholeNumber('--alert-port', values['alert-port'], 0, 65_535),
    visibilityLimitMs: wholeNumber('--visibility-limit-ms', values['visibility-limit-ms'], 1, 3_600_000),
    saveTruth: values['save-truth'],
    compare: values.compare,
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        calls: { type: 'string', default: '180' },
        seconds: { type: 'string', default: '25' },
        seed: { type: 'string' },
        'keep-going': { type: 'boolean', default: false },
        api: { type: 'string', default: 'http://127.0.0.1:4320' },
        otlp: { type: 'string', default: 'http://127.0.0.1:4318' },
        'alert-port': { type: 'string', default: String(ALERT_PORT) },
        'visibility-limit-ms': { type: 'string', default: '2000' },
        'save-truth': { type: 'string' },
        compare: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** @param {string} name @param {string} text @param {number} least @param {number} most */
function wholeNumber(name, text, least, most) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new UsageError(`${name} ${text} must be a whole number from ${least} to ${most}`);
  }
  return value;
}

/** @param {string} name @param {string} text @returns {string} without a slash at the end */
function httpUrl(name, text) {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new UsageError(`${name} ${text} must be an http or https URL, e.g. http://127.0.0.1:4320`);
  }
  return text.replace(/\/+$/, '');
}
