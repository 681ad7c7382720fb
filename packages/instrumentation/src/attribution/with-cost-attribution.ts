import { context, createContextKey, propagation, type Baggage, type Context } from '@opentelemetry/api';
import { guarded } from '../telemetry/trouble.js';
import { attributionAttributes, isAttributionName, type CostAttribution } from './cost-attribution.js';

/** Attribution in the context: already under attribute names, so that a call only copies it. */
type AttributionAttributes = Readonly<Record<string, string>>;

const ATTRIBUTION_KEY = createContextKey('costel.attribution');
const NONE: AttributionAttributes = {};

/**
 * Runs `fn` so that every LLM call inside it, over any `await`, is attributed as given. Nested calls add to and
 * override what surrounds them. The attribution also travels to the services that `fn` calls, as baggage, provided the
 * application has a baggage propagator; it is not sent to the LLM provider. Without OpenTelemetry set up, `fn` just runs.
 * @returns what `fn` returns; what `fn` throws is thrown.
 */
export function withCostAttribution<Result>(attribution: CostAttribution, fn: () => Result): Result {
  const entered = guarded('attribution', () => contextWith(context.active(), attribution));
  if (entered === undefined) return fn();
  let ran = false;
  try {
    return context.with(entered, () => {
      ran = true;
      return fn();
    });
  } catch (error) {
    if (ran) throw error;
    return fn();
  }
}

function contextWith(active: Context, attribution: CostAttribution): Context {
  const added = attributionAttributes(attribution);
  const merged = { ...ownAttribution(active), ...added };
  let baggage = propagation.getBaggage(active) ?? propagation.createBaggage();
  for (const [name, value] of Object.entries(added))
    if (isAttributionName(name)) baggage = baggage.setEntry(name, { value });
  return propagation.setBaggage(active.setValue(ATTRIBUTION_KEY, merged), baggage);
}

function ownAttribution(active: Context): AttributionAttributes {
  return (active.getValue(ATTRIBUTION_KEY) as AttributionAttributes | undefined) ?? NONE;
}

/** The attribution of a context, under attribute names: what came as baggage, and over it what this process set. */
export function activeAttribution(active: Context, readBaggage: boolean): AttributionAttributes {
  const own = ownAttribution(active);
  const baggage = readBaggage ? propagation.getBaggage(active) : undefined;
  if (baggage === undefined) return own;
  const received = attributionOfBaggage(baggage);
  return own === NONE ? received : { ...received, ...own };
}

const attributesByBaggage = new WeakMap<Baggage, AttributionAttributes>();

function attributionOfBaggage(baggage: Baggage): AttributionAttributes {
  const known = attributesByBaggage.get(baggage);
  if (known !== undefined) return known;
  const attributes: Record<string, string> = {};
  for (const [name, entry] of baggage.getAllEntries()) {
    if (isAttributionName(name) && entry.value !== '') attributes[name] = entry.value;
  }
  attributesByBaggage.set(baggage, attributes);
  return attributes;
}

const strippedByBaggage = new WeakMap<Baggage, Baggage>();

/**
 * The context for the request to the provider: without our baggage entries, because user and customer names are no
 * business of the provider and an HTTP instrumentation would send them along.
 */
export function withoutAttributionBaggage(active: Context): Context {
  const baggage = propagation.getBaggage(active);
  if (baggage === undefined) return active;
  let stripped = strippedByBaggage.get(baggage);
  if (stripped === undefined) {
    const names = baggage.getAllEntries().flatMap(([name]) => (isAttributionName(name) ? [name] : []));
    stripped = names.length === 0 ? baggage : baggage.removeEntries(...names);
    strippedByBaggage.set(baggage, stripped);
  }
  return stripped === baggage ? active : propagation.setBaggage(active, stripped);
}
