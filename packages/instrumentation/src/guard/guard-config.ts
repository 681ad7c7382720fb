import { parsePicoUsd, type PicoUsd } from '@costel/pricing';
import type { BudgetExceededError } from './budget-exceeded-error.js';

/** A call that is about to be made, as the application's own functions see it. */
export interface GuardedCall {
  readonly provider: string;
  /** As the request names it; empty where it names none. */
  readonly model: string;
  /** `gen_ai.operation.name`, e.g. `chat`. */
  readonly operation: string;
  /** Attribution under attribute names, e.g. `costel.feature`. */
  readonly attribution: Readonly<Record<string, string>>;
  /** The request as the application handed it to the SDK; not to be changed. */
  readonly request: Readonly<Record<string, unknown>>;
}

/**
 * The application's own answer to a call that has no room: the request to make in its place (say, with a cheaper model
 * and fewer tokens), or undefined to refuse. Called before the request, so it must be synchronous and quick.
 */
export type Downgrade = (
  call: GuardedCall,
  refusal: BudgetExceededError,
) => Readonly<Record<string, unknown>> | undefined;

/** What becomes of calls about whose budget nothing is known. */
export type WhenUnknown = 'allow' | 'refuse';

/** What `budgetGuard` takes; everything has a default. */
export interface BudgetGuardConfig {
  /** Address of the aggregator. Default: `COSTEL_URL`, else `http://localhost:4320`. */
  readonly url?: string;
  /** Token that the aggregator asks for. Default: `COSTEL_GUARD_TOKEN`. */
  readonly token?: string;
  /** Names of the budgets that calls are held to. Default: every budget of the aggregator. */
  readonly budgets?: readonly string[];
  /** Milliseconds between two looks at the aggregator. Default 1000: spend of others is known that late. */
  readonly refreshMs?: number;
  /** A state that is older counts as unknown, milliseconds. Default 10 000. */
  readonly maxStateAgeMs?: number;
  /**
   * What becomes of a call while the state of its budgets is not known (no answer yet, aggregator out of reach, answer
   * too old) or while its own cost is not (a model without a price). Default `allow`.
   */
  readonly whenUnknown?: WhenUnknown;
  /** Called in place of refusing. Default none: the call fails with a `BudgetExceededError`. */
  readonly downgrade?: Downgrade;
  /**
   * Output tokens that a call reserves where its request names no limit, and at most where it names a higher one.
   * Default 4096.
   */
  readonly reservedOutputTokens?: number;
  /** What a call reserves, in dollars, where you know better; undefined leaves it to the estimate. Default none. */
  readonly reserveUsd?: (call: GuardedCall) => number | string | undefined;
  /**
   * Longest that a call holds its reservation, and that a finished call waits to be counted by the aggregator,
   * milliseconds. Default 600 000, which is the SDKs' own timeout.
   */
  readonly holdMs?: number;
  /**
   * Told in one sentence, once an outage, that the aggregator does not say how the budgets stand, so that nothing is held
   * to them. Default: a warning through OpenTelemetry's `diag`, which nobody hears where no logger is set.
   */
  readonly onOutage?: (message: string) => void;
  /** `service.name` for budgets about a service. Default: as OpenTelemetry reads it from the environment. */
  readonly service?: string;
  /** `deployment.environment.name`, for budgets about an environment. Default: the same. */
  readonly environment?: string;
}

/** The configuration with every default filled in. */
export interface GuardOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly budgets: readonly string[] | undefined;
  readonly refreshMs: number;
  readonly maxStateAgeMs: number;
  readonly whenUnknown: WhenUnknown;
  readonly downgrade: Downgrade | undefined;
  readonly reservedOutputTokens: number;
  readonly reserveUsd: ((call: GuardedCall) => number | string | undefined) | undefined;
  readonly holdMs: number;
  readonly onOutage: ((message: string) => void) | undefined;
  readonly service: string;
  readonly environment: string;
}

/** A look costs the aggregator a query where the ledger has changed; more often than this gains nothing. */
const MIN_REFRESH_MS = 100;

/** Decimals of a dollar amount that a double holds meaningfully and a pico-dollar can. */
const NUMBER_DECIMALS = 12;

/** An amount of dollars as the application writes it. @throws RangeError when it is none. */
export function dollarsOf(value: number | string): PicoUsd {
  return parsePicoUsd(typeof value === 'number' ? value.toFixed(NUMBER_DECIMALS) : value);
}

function checkedNumber(name: string, value: number, min: number): number {
  if (!Number.isFinite(value) || value < min)
    throw new RangeError(`budgetGuard: ${name} must be >= ${min}, not ${value}`);
  return value;
}

function resourceAttribute(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  for (const part of (environment['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',')) {
    const [key = '', value] = part.split('=', 2);
    if (key.trim() === name && value !== undefined) return decodedOrAsIs(value.trim());
  }
  return undefined;
}

function decodedOrAsIs(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Fills in the defaults.
 * @throws RangeError for a number out of range, TypeError for an address that is no http(s) URL: a guard that was set up
 * wrongly must not look like one that guards.
 */
export function resolveGuardOptions(
  config: BudgetGuardConfig = {},
  environment: NodeJS.ProcessEnv = process.env,
): GuardOptions {
  const url = new URL(config.url ?? environment['COSTEL_URL'] ?? 'http://localhost:4320');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`budgetGuard: url must be an http or https URL, not ${url.protocol}`);
  return {
    url: url.toString().replace(/\/+$/, ''),
    token: config.token ?? environment['COSTEL_GUARD_TOKEN'],
    budgets: config.budgets,
    refreshMs: checkedNumber('refreshMs', config.refreshMs ?? 1000, MIN_REFRESH_MS),
    maxStateAgeMs: checkedNumber('maxStateAgeMs', config.maxStateAgeMs ?? 10_000, MIN_REFRESH_MS),
    whenUnknown: config.whenUnknown ?? 'allow',
    downgrade: config.downgrade,
    reservedOutputTokens: checkedNumber('reservedOutputTokens', config.reservedOutputTokens ?? 4096, 0),
    reserveUsd: config.reserveUsd,
    holdMs: checkedNumber('holdMs', config.holdMs ?? 600_000, MIN_REFRESH_MS),
    onOutage: config.onOutage,
    service:
      config.service ??
      environment['OTEL_SERVICE_NAME'] ??
      resourceAttribute(environment, 'service.name') ??
      'unknown_service:node',
    environment: config.environment ?? resourceAttribute(environment, 'deployment.environment.name') ?? '',
  };
}
