import { createHash, timingSafeEqual } from 'node:crypto';
import type { Handler } from 'hono';
import type { RangeFigures, RepriceResult, TimeRange } from '@costel/store';
import { applyParameter, checkQuery, rangeParameters, resolveRange } from './parameters.js';
import { ApiProblem } from './problem.js';
import { repriceJson } from './reprice-json.js';

/** What the bearer of the token may have done. */
export interface AdminOptions {
  /** The token of `run.json`. */
  readonly token: string;
  readonly repair: (range: TimeRange) => Promise<{ readonly calls: number; readonly edges: number }>;
  readonly previewReprice: (range: TimeRange) => Promise<RangeFigures>;
  readonly reprice: (range: TimeRange) => Promise<RepriceResult>;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Compares in constant time; a page of another origin cannot send the header without being asked first. */
export function requireToken(authorization: string | undefined, tokens: string | readonly string[]): void {
  const given = digest(/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '');
  const allowed = typeof tokens === 'string' ? [tokens] : tokens;
  // All are compared, so that the time does not tell which one it was.
  if (allowed.filter((token) => timingSafeEqual(given, digest(token))).length > 0) return;
  throw new ApiProblem('not_authorized', {
    detail: 'this needs the token of the running stack',
    limit: 'Authorization: Bearer TOKEN',
    fix: 'take the token from run.json in the data directory, or use the command that asks for it, e.g. "costel repair"',
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

/** `POST /api/v1/reprice?from&to&apply`: what pricing the calls of a range again would change; with `apply=true` does it. */
export function repriceHandler({ token, previewReprice, reprice }: AdminOptions, clock: () => number): Handler {
  return async (context) => {
    requireToken(context.req.header('authorization'), token);
    const parameters = { ...rangeParameters, ...applyParameter };
    const { values } = checkQuery(new URL(context.req.url).searchParams, parameters, false);
    const range = resolveRange(values, clock());
    if (values.apply !== 'true') return context.json(repriceJson(await previewReprice(range), range));
    const result = await reprice(range);
    return context.json(repriceJson(result, result.range, result));
  };
}
