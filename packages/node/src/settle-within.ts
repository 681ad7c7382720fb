/**
 * Waits for work, at most for a while, and keeps the process alive meanwhile. Never rejects.
 * @returns whether the work was done in time, well or badly.
 */
export async function settleWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const isDone = await Promise.race([Promise.allSettled([work]).then(() => true), timeout]);
  clearTimeout(timer);
  return isDone;
}
