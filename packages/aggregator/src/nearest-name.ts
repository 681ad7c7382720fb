/** Edits (insert, delete, replace, swap of neighbours) that lead from one text to another. */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}

/**
 * The valid name that a wrong one was most likely meant to be, or undefined where none is near: at most a third of
 * the letters differ, e.g. `limitusd` is `limit_usd`.
 */
export function nearestName(wrong: string, valid: readonly string[]): string | undefined {
  const lower = wrong.slice(0, 100).toLowerCase();
  const ranked = valid
    .map((candidate) => ({ candidate, distance: editDistance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (!best) return undefined;
  // A name that was cut short or drawn out is meant even where many letters differ: `limit` is `limit_usd`.
  const extended = valid.find(
    (candidate) => lower.length >= 3 && (candidate.startsWith(lower) || lower.startsWith(candidate)),
  );
  if (extended !== undefined && best.distance > 1) return extended;
  const near = best.distance <= Math.max(2, Math.ceil(Math.max(lower.length, best.candidate.length) / 3));
  return near ? best.candidate : undefined;
}
