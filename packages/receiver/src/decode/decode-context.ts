import type { ReceiverLimits } from '../limits.js';
import { WireBody } from './wire-body.js';

/** What was changed in a record that was stored; the keys of `stats().adjusted`. */
export type Adjustment =
  | 'attribute_value_cut'
  | 'attributes_dropped'
  | 'items_dropped'
  | 'tenant_dropped'
  | 'timestamp_clamped';

/** The tenant of rows that carry no `costel.tenant`; it is not written, so that rows stay what the exporter writes. */
export const DEFAULT_TENANT = 'default';

/** What the transcoders of one request share: its bytes, the limits, and the count of adjustments. */
export class DecodeContext {
  readonly body: WireBody;
  readonly limits: ReceiverLimits;
  /** Stamped on every resource; what a payload says of its tenant is dropped. */
  readonly tenant: string;
  readonly adjusted = new Map<Adjustment, number>();

  constructor(bytes: Uint8Array, limits: ReceiverLimits, tenant: string) {
    this.body = new WireBody(bytes);
    this.limits = limits;
    this.tenant = tenant;
  }

  /** Counts an adjustment, `count` times. */
  adjust(adjustment: Adjustment, count = 1): void {
    this.adjusted.set(adjustment, (this.adjusted.get(adjustment) ?? 0) + count);
  }
}
