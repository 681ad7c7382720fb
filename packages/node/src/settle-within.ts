/**
 * Waits for work, at most for a while, and keeps the process alive meanwhile. Never rejects.
 */
export async function settleWithin(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([Promise.allSettled([work]), timeout]);
  clearTimeout(timer);
}
