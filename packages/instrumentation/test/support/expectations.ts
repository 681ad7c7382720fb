import { formatPicoUsd, priceCall, type Usage } from '@costel/pricing';

/** The exact dollars of a usage today, by the price list itself. */
export function costOf(provider: string, model: string, usage: Usage): string {
  const price = priceCall({ provider, requestModel: model, usage, quality: 'reported', atMs: Date.now() });
  if (price.costPicoUsd === undefined) throw new Error(`no price for ${model}: ${price.reason ?? price.status}`);
  return formatPicoUsd(price.costPicoUsd);
}
