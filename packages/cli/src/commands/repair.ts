import { repair } from '@costel/store';
import { CliError } from '../exit-codes.js';
import { say, writeJson } from '../output.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { apiUrlOf, openMigratedStore, type StoreAccess } from '../store-access.js';
import { rangeOf } from '../time-range.js';

/** Which spans are looked at, by their own start. */
export interface RepairFlags extends CommonFlags {
  readonly from: number;
  readonly to?: number;
}

/** `costel repair`: derives the ledger from raw spans again where rows are missing; running it twice changes nothing. */
export async function runRepair(flags: RepairFlags): Promise<void> {
  const { from, to } = rangeOf(flags);
  const access = await openMigratedStore(readConfig(flags));
  try {
    say(`comparing raw spans and ledger from ${from.toISOString()} to ${to.toISOString()} on ${access.where} …`);
    await writeJson(access.run ? await askStack(access, from, to) : await repair(access.database, { from, to }));
  } finally {
    await access.database.close();
  }
}

/** One process writes the ledger of a directory: the running stack. */
async function askStack({ run }: StoreAccess, from: Date, to: Date): Promise<unknown> {
  if (!run) return undefined;
  const query = new URLSearchParams({ from: from.toISOString(), to: to.toISOString() });
  const response = await fetch(`${apiUrlOf(run)}/repair?${query.toString()}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${run.token}` },
  });
  const body = (await response.json()) as { detail?: string };
  if (!response.ok)
    throw new CliError('repair_failed', `the running stack refused: ${body.detail ?? `HTTP ${response.status}`}`);
  return body;
}
