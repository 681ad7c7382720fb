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
import { guarded, reportTrouble } from './telemetry/trouble.js';

/** Something that cost money and was no call of an LLM SDK. */
export interface RecordedCost {
  /** What kind of thing, e.g. `tool_call`, `vector_search`, `gpu_second`. */
  readonly kind: string;
  /** Which one, e.g. `web-search`; takes the place of the model in reports. */
  readonly name: string;
  /** Who is paid. Default `custom`. */
  readonly provider?: string;
  /** The whole cost in dollars; a decimal string is exact to 12 decimals, a number as exact as a double is. */
  readonly costUsd?: string | number;
  /** Or how many units at which price, e.g. 3 units of $0.01 are $0.03. */
  readonly units?: { readonly quantity: number; readonly unitPriceUsd: string | number };
  /** Adds to and overrides the attribution around the call. */
  readonly attribution?: CostAttribution;
}

/** Decimals of a dollar amount that a double holds meaningfully and a pico-dollar can. */
const NUMBER_DECIMALS = 12;

function dollars(value: string | number): PicoUsd {
  return parsePicoUsd(typeof value === 'number' ? value.toFixed(NUMBER_DECIMALS) : value);
}

function quantityOf({ units }: RecordedCost): number {
  const quantity = units?.quantity ?? 1;
  if (!Number.isSafeInteger(quantity) || quantity < 0)
    throw new RangeError(`units.quantity must be a whole number >= 0, not ${quantity}`);
  return quantity;
}

function costOf(cost: RecordedCost, quantity: number): { readonly unitPrice: PicoUsd; readonly total: PicoUsd } {
  if (cost.units !== undefined) {
    const unitPrice = dollars(cost.units.unitPriceUsd);
    return { unitPrice, total: picoUsd(unitPrice * BigInt(quantity)) };
  }
  if (cost.costUsd === undefined) throw new RangeError('recordCost needs costUsd or units');
  const total = dollars(cost.costUsd);
  return { unitPrice: total, total };
}

/**
 * Records money that was spent outside the LLM SDKs as a span and on the cost counter, with the attribution in force.
 * Never throws: a cost that cannot be read (negative, finer than a pico-dollar, no number) is noted and left out.
 */
export function recordCost(cost: RecordedCost): void {
  guarded('record_cost', () => {
    const quantity = quantityOf(cost);
    const { unitPrice, total } = costOf(cost, quantity);
    if (total < 0n) {
      reportTrouble('record_cost', new RangeError('a cost must be >= 0'));
      return;
    }
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
  });
}
