import { TraceFlags, trace, type Context } from '@opentelemetry/api';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** 32 bits of a text, as eight hexadecimal digits. */
function digest(text: string): string {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME) >>> 0;
  }
  // FNV mixes its last characters badly; ids differ mostly there.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(8, '0');
}

/**
 * A context whose trace follows from the job's id: every process that sees the job end reports it in the same trace,
 * under the job's id as the response's, and so it is one call in the ledger however many look at it.
 */
export function traceOfJob(parent: Context, provider: string, jobId: string): Context {
  const part = (index: number): string => digest(`${index} ${provider} ${jobId}`);
  return trace.setSpanContext(parent, {
    traceId: part(0) + part(1) + part(2) + part(3),
    spanId: part(4) + part(5),
    traceFlags: trace.getSpanContext(parent)?.traceFlags ?? TraceFlags.SAMPLED,
    isRemote: true,
  });
}
