import type { Database } from '@costel/store';

import { checkAlert, type Alert, type AlertState, type Resolution } from '../alert.js';
import { parseAlert, serialiseAlert } from './alert-record.js';
import { toDateTime64, toText } from './rows.js';
import { STATEMENTS } from './statements.js';

interface EventRow {
  readonly alert_key: unknown;
  readonly state: unknown;
  readonly alert: unknown;
}

/** What is known of one alert. */
interface KnownAlert {
  readonly alert: Alert | undefined;
  readonly isResolved: boolean;
}

/** Keys asked for in one query. */
const KEYS_PER_QUERY = 1000;
/** Keys remembered as raised, so that a standing crossing costs no query at each tick. */
const MAX_REMEMBERED_KEYS = 200_000;

function toEventRow(tenant: string, alert: Alert, state: AlertState, raisedAtMs: number): object {
  return {
    tenant,
    alert_key: alert.key,
    state,
    raised_at: toDateTime64(raisedAtMs),
    kind: alert.kind,
    severity: alert.severity,
    budget_id: alert.budget?.id ?? '',
    budget_revision: alert.budget?.revision ?? '',
    scope: JSON.stringify(alert.scope),
    period_start: toDateTime64(alert.period?.startMs ?? 0),
    period_end: toDateTime64(alert.period?.endMs ?? 0),
    threshold_percent: alert.thresholdPercent ?? 0,
    late: alert.isLate,
    channels: alert.channels,
    alert: serialiseAlert(alert),
  };
}

/** The front of the outbox: events go in once, whoever raises them and however often. */
export class EventLog {
  readonly #database: Database;
  readonly #tenant: string;
  readonly #raised = new Set<string>();

  constructor(database: Database, tenant: string) {
    this.#database = database;
    this.#tenant = tenant;
  }

  /** Reads alerts as they fired, with whether they are resolved. */
  async load(keys: readonly string[]): Promise<ReadonlyMap<string, KnownAlert>> {
    const known = new Map<string, KnownAlert>();
    for (let start = 0; start < keys.length; start += KEYS_PER_QUERY) {
      const rows = await this.#database.query<EventRow>(STATEMENTS.raisedEvents, {
        tenant: this.#tenant,
        keys: keys.slice(start, start + KEYS_PER_QUERY),
      });
      for (const row of rows) {
        const key = toText('alert_key', row.alert_key);
        const before = known.get(key) ?? { alert: undefined, isResolved: false };
        const isFiring = row.state === 'firing';
        const alert = isFiring ? parseAlert(toText('alert', row.alert)) : before.alert;
        known.set(key, { alert, isResolved: before.isResolved || !isFiring });
      }
    }
    return known;
  }

  /** Reads alerts as they were stored in `state`. */
  async loadInState(keys: readonly string[], state: AlertState): Promise<ReadonlyMap<string, Alert>> {
    const rows = await this.#database.query<EventRow>(STATEMENTS.raisedEvents, { tenant: this.#tenant, keys });
    return new Map(
      rows
        .filter((row) => row.state === state)
        .map((row) => [toText('alert_key', row.alert_key), parseAlert(toText('alert', row.alert))]),
    );
  }

  /** Stores the alerts that are new; gives their keys. */
  async raise(alerts: readonly Alert[], nowMs: number): Promise<readonly string[]> {
    const unseen = new Map(alerts.filter(({ key }) => !this.#raised.has(key)).map((alert) => [alert.key, alert]));
    if (unseen.size === 0) return [];
    for (const alert of unseen.values()) checkAlert(alert);
    const known = await this.load([...unseen.keys()]);
    const fresh = [...unseen.values()].filter(({ key }) => !known.has(key));
    if (fresh.length > 0) {
      await this.#database.insertRows(
        'alert_events',
        fresh.map((alert) => toEventRow(this.#tenant, alert, 'firing', nowMs)),
      );
    }
    if (this.#raised.size + unseen.size > MAX_REMEMBERED_KEYS) this.#raised.clear();
    for (const key of unseen.keys()) this.#raised.add(key);
    return fresh.map(({ key }) => key);
  }

  /** Stores the end of alerts that fired and have not ended; gives their keys. */
  async resolve(resolutions: readonly Resolution[]): Promise<readonly string[]> {
    const byKey = new Map(resolutions.map((resolution) => [resolution.key, resolution]));
    const known = await this.load([...byKey.keys()]);
    const rows: object[] = [];
    const ended: string[] = [];
    for (const { key, message, resolvedAtMs, spentUsd } of byKey.values()) {
      const { alert, isResolved } = known.get(key) ?? { alert: undefined, isResolved: false };
      if (alert === undefined || isResolved) continue;
      const ending = { ...alert, message, spentUsd: spentUsd ?? alert.spentUsd };
      rows.push(toEventRow(this.#tenant, ending, 'resolved', resolvedAtMs));
      ended.push(key);
    }
    if (rows.length > 0) await this.#database.insertRows('alert_events', rows);
    return ended;
  }
}
