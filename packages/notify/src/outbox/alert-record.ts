import type { Alert, AlertSeverity } from '../alert.js';
import { NotifyError } from '../error.js';

/** Writes an alert for the column `alert`. */
export function serialiseAlert(alert: Alert): string {
  return JSON.stringify(alert);
}

const SEVERITIES: readonly AlertSeverity[] = ['info', 'warning', 'critical'];

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextRecord(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string');
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function isPeriod(value: unknown): value is Alert['period'] {
  return (
    value === undefined ||
    (isRecord(value) && typeof value['startMs'] === 'number' && typeof value['endMs'] === 'number')
  );
}

function isBudget(value: unknown): value is Alert['budget'] {
  return value === undefined || (isTextRecord(value) && 'id' in value && 'revision' in value && 'name' in value);
}

function isAlert(value: unknown): value is Alert {
  if (!isRecord(value)) return false;
  const texts = ['key', 'kind', 'spentUsd', 'message', 'url'];
  return (
    texts.every((field) => typeof value[field] === 'string') &&
    SEVERITIES.some((severity) => severity === value['severity']) &&
    typeof value['startedAtMs'] === 'number' &&
    typeof value['isLate'] === 'boolean' &&
    isTextRecord(value['scope']) &&
    isTextList(value['channels']) &&
    isBudget(value['budget']) &&
    isPeriod(value['period']) &&
    (value['thresholdPercent'] === undefined || typeof value['thresholdPercent'] === 'number') &&
    (value['limitUsd'] === undefined || typeof value['limitUsd'] === 'string')
  );
}

/** Reads the column `alert`. @throws NotifyError `outbox_row_invalid` for what `serialiseAlert` did not write. */
export function parseAlert(text: string): Alert {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new NotifyError('outbox_row_invalid', 'outbox: column alert is not JSON', { cause });
  }
  if (!isAlert(value)) throw new NotifyError('outbox_row_invalid', 'outbox: column alert does not hold an alert');
  return value;
}
