import type { DecodeContext } from './decode-context.js';
import type { RowWriter } from './row-writer.js';

/** 1900-01-01T00:00:00Z, the earliest instant of a DateTime64(9), in nanoseconds since 1970. */
const EARLIEST_NANOSECONDS = -2_208_988_800_000_000_000n;
const EARLIEST_LOW = Number(BigInt.asUintN(32, EARLIEST_NANOSECONDS));
const EARLIEST_HIGH = Number(BigInt.asUintN(32, EARLIEST_NANOSECONDS >> 32n));
/** 2105-12-31T23:59:59Z, the latest instant that the exporter's driver writes into a DateTime, in seconds since 1970. */
const LATEST_SECONDS = 4_291_747_199n;

/**
 * Reads a time in nanoseconds into `body.low` and `body.high`, as the exporter does: the unsigned number of OTLP is taken
 * as a signed one. Where the exporter's driver would refuse the whole batch (before 1900), the time is clamped and counted.
 */
export function readTime(context: DecodeContext, start: number): void {
  const { body } = context;
  body.readFixed64(start);
  if ((body.high | 0) >= 0) return;
  const nanoseconds = BigInt.asIntN(64, (BigInt(body.high) << 32n) | BigInt(body.low));
  if (nanoseconds >= EARLIEST_NANOSECONDS) return;
  context.adjust('timestamp_clamped');
  body.low = EARLIEST_LOW;
  body.high = EARLIEST_HIGH;
}

/** Writes a time as a DateTime64(9). */
export function writeTime64(context: DecodeContext, start: number, out: RowWriter): void {
  readTime(context, start);
  out.uint64(context.body.low, context.body.high);
}

/** Writes a time as a DateTime: whole seconds, clamped to [1970, 2105] and counted where it lies outside. */
export function writeTimeSeconds(context: DecodeContext, start: number, out: RowWriter): void {
  const { body } = context;
  body.readFixed64(start);
  const nanoseconds = BigInt.asIntN(64, (BigInt(body.high) << 32n) | BigInt(body.low));
  const seconds = nanoseconds / 1_000_000_000n;
  const clamped = nanoseconds < 0n ? 0n : seconds > LATEST_SECONDS ? LATEST_SECONDS : seconds;
  if (clamped !== seconds || nanoseconds < 0n) context.adjust('timestamp_clamped');
  out.uint32(Number(clamped));
}
