/** Waits until `work` has ended, whatever becomes of it, but no longer than so many milliseconds. @returns whether it has. */
export async function waitAtMost(work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const end = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    work.then(end, end);
  });
}
