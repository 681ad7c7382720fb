import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPriceBook, parseCatalogues, type PriceBook } from '@costel/pricing';
import type { Config } from '../config/config.js';

/** Where `costel prices update` puts newer price data, within the data directory. */
export const PRICE_DATA_FILE = 'prices/catalogues.json';

/** The data directory's price data cannot be read; the message names the file and what mends it. */
export class PriceDataError extends Error {
  override readonly name = 'PriceDataError';
}

/**
 * The prices that hold with a configuration: its own rules over the price data of its data directory, or over the data
 * that ships where none was fetched.
 * @throws PriceDataError when the data directory's price data cannot be read; `costel prices update` writes it anew.
 */
export function loadPriceBook(config: Pick<Config, 'prices' | 'server'>): PriceBook {
  const file = join(config.server.dataDirectory, PRICE_DATA_FILE);
  if (!existsSync(file)) return createPriceBook({ rules: config.prices });
  try {
    return createPriceBook({ rules: config.prices, catalogues: parseCatalogues(readFileSync(file, 'utf8')) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PriceDataError(`${file} is no price data: ${reason}; run "costel prices update" again or remove it`, {
      cause: error,
    });
  }
}
