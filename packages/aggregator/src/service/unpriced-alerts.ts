import type { TimeRange } from '@costel/store';
import type { Alert, AlertRecord, Outbox, Resolution } from '@costel/notify';
import { formatPicoUsd, picoUsd } from '@costel/pricing';
import type { UnpricedModel } from '../reading/cost-reader.js';
import { LOG_CHANNEL } from './budget-alerts.js';

/** The kind of an alert on a model without a price. */
export const UNPRICED_MODEL_KIND = 'unpriced_model';

/** How far back unpriced calls are looked for. A model that was not called for so long is forgotten. */
const WINDOW_MS = 7 * 86_400_000;
/** How far back standing alerts are looked for. */
const STANDING_MS = 62 * 86_400_000;
const MAX_STANDING = 10_000;
/** Models that one alert each is raised for at a time: a flood of invented names is one incident, not ten thousand. */
const MAX_ALERTS = 20;

/** What {@link createUnpricedWatch} works with. */
export interface UnpricedWatchOptions {
  readonly readUnpriced: (range: TimeRange) => Promise<readonly UnpricedModel[]>;
  readonly outbox: Pick<Outbox, 'raise' | 'resolve' | 'listAlerts'>;
  /** Names of the configured channels; the log always gets the alerts. */
  readonly channelNames: readonly string[];
  readonly publicUrl: () => string;
  readonly clock: () => number;
}

/** Models without a price, and the alerts on them. */
export interface UnpricedWatch {
  /** Looks at the last 7 days, raises an alert for each model that is new among them, resolves those that have healed. */
  readonly evaluate: () => Promise<void>;
  /** What was unpriced at the last evaluation, most calls first; calls whose usage is unknown are not among them. */
  readonly models: () => readonly UnpricedModel[];
}

/** Calls that a price would settle: not those that are being looked up, or whose usage is not known. */
function isWithoutPrice({ reason }: UnpricedModel): boolean {
  return reason !== 'pending' && !reason.startsWith('usage_');
}

/** One alert a model, whatever tiers, regions and reasons its calls have. */
const nameOf = (provider: string, model: string): string => JSON.stringify([provider, model]);

function firstOfEachModel(models: readonly UnpricedModel[]): ReadonlyMap<string, UnpricedModel> {
  const byName = new Map<string, UnpricedModel>();
  for (const found of models) {
    const name = nameOf(found.provider, found.model);
    const known = byName.get(name);
    byName.set(name, known === undefined ? found : mergeModels(known, found));
  }
  return byName;
}

function mergeModels(one: UnpricedModel, other: UnpricedModel): UnpricedModel {
  return {
    ...one,
    calls: one.calls + other.calls,
    ceilingPicoUsd:
      one.ceilingPicoUsd === undefined || other.ceilingPicoUsd === undefined
        ? undefined
        : picoUsd(one.ceilingPicoUsd + other.ceilingPicoUsd),
    firstSeenMs: Math.min(one.firstSeenMs, other.firstSeenMs),
    lastSeenMs: Math.max(one.lastSeenMs, other.lastSeenMs),
  };
}

function alertOf(found: UnpricedModel, options: UnpricedWatchOptions): Alert {
  const { provider, model, reason, calls, firstSeenMs, ceilingPicoUsd } = found;
  const atMost = ceilingPicoUsd === undefined ? '' : `, at most $${formatPicoUsd(ceilingPicoUsd)} by the ceiling price`;
  const counted = calls === 1 ? '1 call' : `${calls} calls`;
  const nowMs = options.clock();
  return {
    // A model that loses its price again after it healed is another incident.
    key: `${UNPRICED_MODEL_KIND} ${nameOf(provider, model)} ${firstSeenMs}`,
    kind: UNPRICED_MODEL_KIND,
    severity: 'warning',
    scope: { provider, model },
    spentUsd: '0',
    message: `${counted} of ${model || '(no model)'} from ${provider || '(no provider)'} ${calls === 1 ? 'has' : 'have'} no price (${reason}): their cost is in no sum${atMost}; run "costel prices update", or give the model a price under "prices" in costel.yaml`,
    startedAtMs: nowMs,
    isLate: false,
    url: options.publicUrl(),
    channels: [...new Set([LOG_CHANNEL, ...options.channelNames])],
  };
}

function resolutionOf({ alert }: AlertRecord, nowMs: number): Resolution {
  const { model = '', provider = '' } = alert.scope;
  return {
    key: alert.key,
    message: `all calls of ${model || '(no model)'} from ${provider || '(no provider)'} within 7 days have a price now`,
    resolvedAtMs: nowMs,
  };
}

/** Watches for models without a price: one alert each through the outbox, resolved when they have healed. */
export function createUnpricedWatch(options: UnpricedWatchOptions): UnpricedWatch {
  let models: readonly UnpricedModel[] = [];
  return {
    models: () => models,
    evaluate: async () => {
      const { outbox, readUnpriced, clock } = options;
      const nowMs = clock();
      models = (await readUnpriced({ fromMs: nowMs - WINDOW_MS, toMs: nowMs + WINDOW_MS })).filter(isWithoutPrice);
      const unpriced = firstOfEachModel(models);
      const standing = await outbox.listAlerts({ state: 'firing', sinceMs: nowMs - STANDING_MS, limit: MAX_STANDING });
      const ours = standing.filter(({ alert }) => alert.kind === UNPRICED_MODEL_KIND);
      const told = new Set(ours.map(({ alert }) => nameOf(alert.scope['provider'] ?? '', alert.scope['model'] ?? '')));
      const room = Math.max(0, MAX_ALERTS - told.size);
      const fresh = [...unpriced].filter(([name]) => !told.has(name)).slice(0, room);
      if (fresh.length > 0) await outbox.raise(fresh.map(([, found]) => alertOf(found, options)));
      const healed = ours.filter(
        ({ alert }) => !unpriced.has(nameOf(alert.scope['provider'] ?? '', alert.scope['model'] ?? '')),
      );
      if (healed.length > 0) await outbox.resolve(healed.map((record) => resolutionOf(record, nowMs)));
    },
  };
}
