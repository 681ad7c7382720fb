import type { StreamReader, Usage } from '@costel/pricing';
import { parseBytes } from '../sdks/parse-bytes.js';
import { asRecord, asText } from '../sdks/read-unknown.js';

/** Tokens of one kind, of a total; absent or odd ones are none. */
function tokensOf(total: unknown, side: string, kind: string): number {
  const count = asRecord(asRecord(total)?.[side])?.[kind];
  return typeof count === 'number' && Number.isInteger(count) && count > 0 ? count : 0;
}

/** A count as a bucket, absent where it is zero. */
function bucket(name: keyof Usage, tokens: number): Usage {
  return tokens === 0 ? {} : { [name]: tokens };
}

/**
 * Reads a stream in both directions (Amazon's Nova Sonic): its usage events state what the whole connection used so far,
 * so the last one counts; the connection is one call.
 */
export function createSpeechReader(): StreamReader {
  let total: unknown;
  let responseId: string | undefined;
  return {
    push(event) {
      const said = asRecord(asRecord(parseBytes(asRecord(asRecord(event)?.['chunk'])?.['bytes']))?.['event']);
      const usage = asRecord(said?.['usageEvent']);
      total = asRecord(usage?.['details'])?.['total'] ?? total;
      responseId = asText(usage?.['sessionId']) ?? responseId;
    },
    finish: () =>
      total === undefined
        ? undefined
        : {
            usage: {
              ...bucket('input', tokensOf(total, 'input', 'textTokens')),
              ...bucket('input_audio', tokensOf(total, 'input', 'speechTokens')),
              ...bucket('output', tokensOf(total, 'output', 'textTokens')),
              ...bucket('output_audio', tokensOf(total, 'output', 'speechTokens')),
            },
            quality: 'reported',
            serviceTier: '',
            region: '',
            finishReasons: [],
            ...(responseId === undefined ? {} : { responseId }),
          },
  };
}
