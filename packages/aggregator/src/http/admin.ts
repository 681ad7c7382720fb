import { createHash, timingSafeEqual } from 'node:crypto';
import type { Handler } from 'hono';
import { checkQuery, rangeParameters, resolveRange, type TimeRange } from './parameters.js';
import { ApiProblem } from './problem.js';

/** What the bearer of the token may have done. */
export interface AdminOptions {
  /** The token of `run.json`. */
  readonly token: string;
  readonly repair: (range: TimeRange) => Promise<{ readonly calls: number; readonly edges: number }>;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Compares in constant time; a page of another origin cannot send the header without being asked first. */
export function requireToken(authorization: string | undefined, token: string): void {
  const given = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '';
  if (timingSafeEqual(digest(given), digest(token))) return;
  throw new ApiProblem('not_authorized', {
    detail: 'this needs the token of the running stack',
    limit: 'Authorization: Bearer TOKEN',
    fix: 'take the token from run.json in the data directory, or use "costel repair"',
  });
}

/** `POST /api/v1/repair?from&to`: derives the ledger again where rows are missing. */
export function repairHandler({ token, repair }: AdminOptions, clock: () => number): Handler {
  return async (context) => {
    requireToken(context.req.header('authorization'), token);
    const { values } = checkQuery(new URL(context.req.url).searchParams, rangeParameters, false);
    return context.json(await repair(resolveRange(values, clock())));
  };
}
