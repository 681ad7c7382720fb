import {
  healUnpriced,
  listReprices,
  previewReprice,
  queryQuality,
  recoverReprice,
  reprice,
  resolveRates,
  type Database,
  type RateResolver,
  type UsageFigures,
} from '@costel/store';
import type { PriceBook } from '@costel/pricing';
import type { Log } from '../logger.js';
import type { PriceSource } from '../prices/price-source.js';
import type { StoreParts } from './store-parts.js';

/** What the work on prices is joined to. */
export interface PricingWorkOptions {
  readonly database: Database;
  readonly tenant: string;
  readonly ledgerDays: number;
  readonly prices: PriceSource;
  readonly clock: () => number;
  readonly log: Log;
}

type PricingWork = Pick<
  StoreParts,
  'resolveRates' | 'previewReprice' | 'reprice' | 'healUnpriced' | 'listReprices' | 'measureQuality'
> & { readonly quality: () => UsageFigures | undefined };

const HOUR_MS = 3_600_000;

/** Pricing of new calls, of calls that waited, and of history; see `StoreParts`. */
export function createPricingWork(options: PricingWorkOptions): PricingWork {
  const { database, tenant, ledgerDays, prices, clock, log } = options;
  const resolver = (): RateResolver => {
    const book = prices.current();
    return (key) => book.ratePeriods(key);
  };
  let quality: UsageFigures | undefined;
  let healedBy: PriceBook | undefined;
  return {
    quality: () => quality,
    resolveRates: async () => void (await resolveRates(database, resolver())),
    previewReprice: ({ fromMs, toMs }) =>
      previewReprice(database, {
        from: new Date(fromMs),
        to: new Date(toMs),
        resolver: resolver(),
      }),
    reprice: ({ fromMs, toMs }) =>
      reprice(database, {
        from: new Date(fromMs),
        to: new Date(toMs),
        resolver: resolver(),
        clock,
        ledgerDays,
      }),
    healUnpriced: async () => {
      if (await recoverReprice(database, { nowMs: clock() })) {
        log('warn', 'a re-pricing died and was put back; run it again', {});
      }
      const book = prices.current();
      if (book === healedBy) return;
      const healed = await healUnpriced(database, {
        resolver: resolver(),
        clock,
        ledgerDays,
      });
      healedBy = book;
      if (healed === undefined) return;
      const { changedCalls, beforeUsd, afterUsd } = healed;
      log('info', 'calls that had no price have one now', { calls: changedCalls, before: beforeUsd, after: afterUsd });
    },
    listReprices: () => listReprices(database),
    measureQuality: async () => {
      const nowMs = clock();
      quality = await queryQuality(database, { tenant, from: new Date(nowMs - HOUR_MS), to: new Date(nowMs) });
    },
  };
}
