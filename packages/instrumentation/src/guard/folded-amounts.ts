/** What finished calls of one scope value hold that are no longer kept one by one. */
export interface FoldedAmount {
  amountPicoUsd: bigint;
  /** When the latest of them began. */
  startedAtMs: number;
  /** When the last of them is let go, whether it was counted or not; infinite where nobody will ever count them. */
  untilMs: number;
}

/** Calls that are let go within the same minute make one amount. */
const FOLD_MS = 60_000;

/** Amounts of a kind that a scope value has at most; beyond, the latest takes in more, and is let go later. */
const MAX_AMOUNTS = 8;

/**
 * Adds an amount to those of a scope value. What began after the period is kept apart from what the period's end takes
 * along, and what is held for ever from what is let go: at most four kinds of eight amounts.
 */
export function foldInto(folded: FoldedAmount[], one: Readonly<FoldedAmount>, periodEndMs: number): void {
  const kindOf = ({ startedAtMs, untilMs }: FoldedAmount): string =>
    `${startedAtMs >= periodEndMs} ${Number.isFinite(untilMs)}`;
  const kind = kindOf(one);
  const alike = folded.filter((other) => kindOf(other) === kind);
  const latest = alike.at(-1);
  const isOfMinute = latest !== undefined && Math.floor(latest.untilMs / FOLD_MS) === Math.floor(one.untilMs / FOLD_MS);
  if (latest === undefined || (!isOfMinute && alike.length < MAX_AMOUNTS)) {
    folded.push({ ...one });
    return;
  }
  latest.amountPicoUsd += one.amountPicoUsd;
  latest.startedAtMs = Math.max(latest.startedAtMs, one.startedAtMs);
  latest.untilMs = Math.max(latest.untilMs, one.untilMs);
}

/** Takes out the amounts that are over. @returns their sum. */
export function letGo(folded: FoldedAmount[], isOver: (one: FoldedAmount) => boolean): bigint {
  let sum = 0n;
  for (let at = folded.length - 1; at >= 0; at -= 1) {
    const one = folded[at];
    if (one === undefined || !isOver(one)) continue;
    sum += one.amountPicoUsd;
    folded.splice(at, 1);
  }
  return sum;
}

/** One amount in the place of all; undefined where there are none. */
export function foldedSum(folded: readonly FoldedAmount[]): FoldedAmount | undefined {
  if (folded.length === 0) return undefined;
  return {
    amountPicoUsd: folded.reduce((sum, one) => sum + one.amountPicoUsd, 0n),
    startedAtMs: Math.max(...folded.map((one) => one.startedAtMs)),
    untilMs: Math.max(...folded.map((one) => one.untilMs)),
  };
}
