/** Why a record, or a request, was refused; the keys of `stats().rejected`. */
export type RejectReason =
  | 'malformed_record'
  | 'invalid_id'
  | 'invalid_value'
  | 'attribute_too_deep'
  | 'metric_without_data'
  | 'too_many_records'
  | 'too_many_days'
  | 'too_many_row_bytes'
  | 'refused_by_store';

/** A record that cannot become a row; its neighbours can. */
export class RecordError extends Error {
  readonly reason: RejectReason;

  constructor(reason: RejectReason, message: string) {
    super(message);
    this.name = 'RecordError';
    this.reason = reason;
  }
}

/** A request whose outermost structure cannot be read, so that nothing in it can be trusted. */
export class BodyError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BodyError';
  }
}
