import type { ReceiverLimits } from '../limits.js';
import { WireBody } from './wire-body.js';

/** What was changed in a record that was stored; the keys of `stats().adjusted`. */
export type Adjustment = 'attribute_value_cut' | 'attributes_dropped' | 'items_dropped' | 'timestamp_clamped';

/** What the transcoders of one request share: its bytes, the limits, and the count of adjustments. */
export class DecodeContext {
  readonly body: WireBody;
  readonly limits: ReceiverLimits;
  readonly adjusted = new Map<Adjustment, number>();

  constructor(bytes: Uint8Array, limits: ReceiverLimits) {
    this.body = new WireBody(bytes);
    this.limits = limits;
  }

  /** Counts an adjustment, `count` times. */
  adjust(adjustment: Adjustment, count = 1): void {
    this.adjusted.set(adjustment, (this.adjusted.get(adjustment) ?? 0) + count);
  }
}
