import type { SdkDefinition } from '../sdks/sdk-definition.js';

/** How an SDK's version relates to the tested ones. */
export type VersionVerdict = 'tested' | 'too_old' | 'newer' | 'unknown';

function compare(left: readonly [number, number], right: readonly [number, number]): number {
  return left[0] - right[0] || left[1] - right[1];
}

/** Compares by major and minor, e.g. 7.57.0 is tested for openai `[6.0, 8.0)`, 8.0.0 is newer. */
export function judgeVersion(version: string | undefined, sdk: SdkDefinition): VersionVerdict {
  const match = /^(\d+)\.(\d+)\./.exec(version ?? '');
  if (match === null) return 'unknown';
  const pair = [Number(match[1]), Number(match[2])] as const;
  if (compare(pair, sdk.tested.from) < 0) return 'too_old';
  return compare(pair, sdk.tested.below) < 0 ? 'tested' : 'newer';
}

/** The tested versions for messages, e.g. `>=6.0 <8.0`. */
export function testedRange(sdk: SdkDefinition): string {
  return `>=${sdk.tested.from.join('.')} <${sdk.tested.below.join('.')}`;
}
