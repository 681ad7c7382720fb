import type { Database } from '@costel/store';

import type { Alert, AlertState } from '../alert.js';
import { NotifyError } from '../error.js';
import { parseAlert } from './alert-record.js';
import { toDateTime64, toNumber, toText } from './rows.js';
import { STATEMENTS } from './statements.js';

/** What became of one notification. */
export interface DeliveryStatus {
  readonly state: AlertState;
  readonly channel: string;
  /** The last outcome: `delivered`, `retry`, `failed` or `dead_letter`. */
  readonly outcome: string;
  /** Answered attempts. */
  readonly attempts: number;
  /** Why it was not delivered; empty when it was. */
  readonly reason: string;
  readonly answeredAtMs: number;
}

/** An alert as it stands. */
export interface AlertRecord {
  readonly alert: Alert;
  readonly state: AlertState;
  readonly raisedAtMs: number;
  /** Absent while it fires. */
  readonly resolvedAtMs?: number;
  /** Notifications that were answered at least once. */
  readonly deliveries: readonly DeliveryStatus[];
}

/** Which alerts to list. */
export interface AlertFilter {
  /** Default: both. */
  readonly state?: AlertState;
  /** Raised from then on, ms since 1970. */
  readonly sinceMs: number;
  /** At most; newest first. Default: 1000. */
  readonly limit?: number;
}

interface AlertRow {
  readonly alert: unknown;
  readonly state: unknown;
  readonly raised_ms: unknown;
  readonly resolved_ms: unknown;
  readonly deliveries: unknown;
}

function toState(value: unknown): AlertState {
  return value === 'resolved' ? 'resolved' : 'firing';
}

function toDelivery(value: unknown): DeliveryStatus {
  const fields: readonly unknown[] | undefined = Array.isArray(value) ? value : undefined;
  if (fields === undefined) throw new NotifyError('outbox_row_invalid', 'outbox: column deliveries holds no tuples');
  const [state, channel, outcome, attempts, reason, answeredMs] = fields;
  return {
    state: toState(state),
    channel: toText('deliveries.channel', channel),
    outcome: toText('deliveries.outcome', outcome),
    attempts: toNumber('deliveries.attempts', attempts),
    reason: toText('deliveries.reason', reason),
    answeredAtMs: toNumber('deliveries.answered_ms', answeredMs),
  };
}

function toRecord(row: AlertRow): AlertRecord {
  const resolvedAtMs = toNumber('resolved_ms', row.resolved_ms);
  return {
    alert: parseAlert(toText('alert', row.alert)),
    state: toState(row.state),
    raisedAtMs: toNumber('raised_ms', row.raised_ms),
    ...(resolvedAtMs === 0 ? {} : { resolvedAtMs }),
    deliveries: Array.isArray(row.deliveries) ? row.deliveries.map(toDelivery) : [],
  };
}

/** Lists alerts with their state and deliveries, newest first. */
export async function listAlerts(
  database: Database,
  tenant: string,
  filter: AlertFilter,
): Promise<readonly AlertRecord[]> {
  const rows = await database.query<AlertRow>(STATEMENTS.alerts, {
    tenant,
    since: toDateTime64(filter.sinceMs),
    state: filter.state ?? '',
    limit: filter.limit ?? 1000,
  });
  return rows.map(toRecord);
}
