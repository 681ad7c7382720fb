import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { PriceBook } from '@costel/pricing';
import type { Config } from '../config/config.js';
import type { Log } from '../logger.js';
import { loadPriceBook, PRICE_DATA_FILE } from './load-price-book.js';

/** The prices that hold now. */
export interface PriceSource {
  /** The same object until prices have changed. */
  readonly current: () => PriceBook;
}

function versionOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? '' : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
}

/**
 * Prices of a configuration, read again when `costel prices update` has put other price data into the data directory: no
 * restart is needed. Data that cannot be read leaves the prices as they were and is said once.
 * @throws Error when the first reading fails; see `loadPriceBook`.
 */
export function createPriceSource(config: Pick<Config, 'prices' | 'server'>, log: Log): PriceSource {
  const file = join(config.server.dataDirectory, PRICE_DATA_FILE);
  let version = versionOf(file);
  let book = loadPriceBook(config);
  return {
    current: () => {
      const now = versionOf(file);
      if (now === version) return book;
      version = now;
      try {
        book = loadPriceBook(config);
        log('info', 'price data was read again', { file });
      } catch (error) {
        log('error', 'price data cannot be read; the prices stay as they were', {
          cause: error instanceof Error ? error.message : String(error),
        });
      }
      return book;
    },
  };
}
