import { readFileSync } from 'node:fs';

function read(name: string): string {
  return readFileSync(new URL(`../../sql/${name}.sql`, import.meta.url), 'utf8');
}

/** The outbox's queries; parameters and columns are described in each file of `sql/`. */
export const STATEMENTS = {
  pendingNotifications: read('pending-notifications'),
  claimWinners: read('claim-winners'),
  raisedEvents: read('raised-events'),
  alerts: read('alerts'),
} as const;
