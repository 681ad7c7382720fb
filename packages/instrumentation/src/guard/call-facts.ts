import { ATTR_COSTEL_TAG_PREFIX } from '@costel/semconv';
import { ATTRIBUTE_OF_FIELD } from '../attribution/cost-attribution.js';
import type { GuardedCall, GuardOptions } from './guard-config.js';

/** A call by the dimensions that budgets are about; a dimension that it has no value of is the empty text. */
export type CallDimensions = (dimension: string) => string;

/** Dimensions of attribution are named as its fields are. */
const ATTRIBUTE_OF_DIMENSION: Readonly<Record<string, string>> = ATTRIBUTE_OF_FIELD;

/** Models that are asked for are few; a map that outgrows this is emptied. */
const MAX_KNOWN_MODELS = 1000;

/** Which model answered when one was asked for: the ledger, and so a budget, names the one that answered. */
export class AnsweringModels {
  readonly #answering = new Map<string, string>();

  /** What the ledger will call the model of a request, as far as earlier answers tell. */
  of(provider: string, requested: string): string {
    return this.#answering.get(`${provider} ${requested}`) ?? requested;
  }

  learn(provider: string, requested: string, answered: string | undefined): void {
    if (answered === undefined || answered === requested) return;
    if (this.#answering.size >= MAX_KNOWN_MODELS) this.#answering.clear();
    this.#answering.set(`${provider} ${requested}`, answered);
  }
}

/** The dimensions of a call, named as the ledger names them. */
export function dimensionsOf(
  call: GuardedCall,
  options: Pick<GuardOptions, 'service' | 'environment'>,
  models: AnsweringModels,
): CallDimensions {
  return (dimension) => {
    switch (dimension) {
      case 'provider':
        return call.provider;
      case 'model':
        return models.of(call.provider, call.model);
      case 'operation':
        return call.operation;
      case 'service':
        return options.service;
      case 'environment':
        return options.environment;
      default: {
        const name = dimension.startsWith('tag.')
          ? ATTR_COSTEL_TAG_PREFIX + dimension.slice('tag.'.length)
          : ATTRIBUTE_OF_DIMENSION[dimension];
        return name === undefined ? '' : (call.attribution[name] ?? '');
      }
    }
  };
}
