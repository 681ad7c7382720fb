import { parsePicoUsd, picoUsd, type PicoUsd, type PricedCall } from '@costel/pricing';
import {
  ATTR_COSTEL_COST_KIND,
  ATTR_COSTEL_USAGE_PREFIX,
  ATTR_COSTEL_USAGE_QUALITY,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_TOOL_NAME,
  CONVENTIONS,
} from '@costel/semconv';
import { context, SpanKind, type Attributes } from '@opentelemetry/api';
import { attributionAttributes, type CostAttribution } from './attribution/cost-attribution.js';
import { activeAttribution } from './attribution/with-cost-attribution.js';
import { sharedRecorder } from './telemetry/recorder.js';
import { writePrice } from './telemetry/span-attributes.js';
import { reportTrouble } from './telemetry/trouble.js';

/** Something that cost money and was no call of an LLM SDK. */
export interface RecordedCost {
  /** What kind of thing, e.g. `tool_call`, `vector_search`, `gpu_second`. */
  readonly kind: string;
  /** Which one, e.g. `web-search`; takes the place of the model in reports. */
  readonly name: string;
  /** Who is paid. Default `custom`. */
  readonly provider?: string;
  /** The whole cost in dollars, >= 0; a decimal string is exact to 12 decimals, a number as exact as a double is. */
  readonly costUsd?: string | number;
  /**
   * Or how many units, a whole number >= 0, at which price, dollars >= 0: 3 units of $0.01 are $0.03. It holds where
   * `costUsd` is given too; of 1.5 hours the minutes can be counted, or the sum given as `costUsd`.
   */
  readonly units?: { readonly quantity: number; readonly unitPriceUsd: string | number };
  /** Adds to and overrides the attribution around the call. */
  readonly attribution?: CostAttribution;
}

/** Decimals of a dollar amount that a double holds meaningfully and a pico-dollar can. */
const NUMBER_DECIMALS = 12;

/** What the application gave is no cost; the message tells it what to give and quotes no text. */
class UnreadableCost extends RangeError {}

function dollars(value: string | number, name: string): PicoUsd {
  try {
    const amount = parsePicoUsd(typeof value === 'number' ? value.toFixed(NUMBER_DECIMALS) : value);
    if (amount >= 0n) return amount;
  } catch {
    // Said below: the error of the parser quotes what it was given.
  }
  throw new UnreadableCost(`${name} must be dollars >= 0 with at most ${NUMBER_DECIMALS} decimals, e.g. "0.0123"`);
}

function quantityOf({ units }: RecordedCost): number {
  const quantity = units?.quantity ?? 1;
  if (!Number.isSafeInteger(quantity) || quantity < 0)
    throw new UnreadableCost('units.quantity must be a whole number >= 0');
  return quantity;
}

function costOf(cost: RecordedCost, quantity: number): { readonly unitPrice: PicoUsd; readonly total: PicoUsd } {
  if (cost.units !== undefined) {
    const unitPrice = dollars(cost.units.unitPriceUsd, 'units.unitPriceUsd');
    return { unitPrice, total: picoUsd(unitPrice * BigInt(quantity)) };
  }
  if (cost.costUsd === undefined) throw new UnreadableCost('recordCost needs costUsd or units');
  const total = dollars(cost.costUsd, 'costUsd');
  return { unitPrice: total, total };
}

/**
 * Records money that was spent outside the LLM SDKs as a span and on the cost counter, with the attribution in force.
 * Never throws: a cost that cannot be read (negative, finer than a pico-dollar, no number) is left out, counted in
 * `costel.instrumentation.errors`, and the first one is told through `diag`.
 */
export function recordCost(cost: RecordedCost): void {
  try {
    const quantity = quantityOf(cost);
    const { unitPrice, total } = costOf(cost, quantity);
    const recorder = sharedRecorder();
    const { options } = recorder;
    const provider = cost.provider ?? 'custom';
    const operation = cost.kind === 'tool_call' ? 'execute_tool' : cost.kind;
    const attribution = {
      ...activeAttribution(context.active(), options.readBaggage),
      ...attributionAttributes(cost.attribution ?? {}),
    };
    const price: PricedCall = {
      status: 'priced',
      costPicoUsd: total,
      lineItems: [{ bucket: 'request', quantity, unitPricePicoUsd: unitPrice, costPicoUsd: total }],
      priceSource: 'provider',
      model: cost.name,
    };
    const attributes: Attributes = {
      [ATTR_GEN_AI_OPERATION_NAME]: operation,
      [CONVENTIONS[options.conventions].providerName]: provider,
      [ATTR_GEN_AI_REQUEST_MODEL]: cost.name,
      [ATTR_GEN_AI_TOOL_NAME]: cost.name,
      [ATTR_COSTEL_COST_KIND]: cost.kind,
      [ATTR_COSTEL_USAGE_QUALITY]: 'reported',
      [`${ATTR_COSTEL_USAGE_PREFIX}request`]: quantity,
      ...attribution,
    };
    const span = recorder.tracer.startSpan(`${operation} ${cost.name}`, { kind: SpanKind.INTERNAL, attributes });
    writePrice(span, price, options);
    span.end();
    recorder.metrics.recordCost({ operation, provider, requestModel: cost.name, attribution }, total);
  } catch (error) {
    const advice = error instanceof UnreadableCost ? `${error.message}; this cost was not recorded` : undefined;
    reportTrouble('record_cost', error, advice);
  }
}
