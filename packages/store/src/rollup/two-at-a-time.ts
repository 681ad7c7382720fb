/**
 * Runs statements that do not depend on each other, two at a time: one keeps the other's waits for the disk and its
 * single-threaded ends (sorting a block, writing a part) from leaving cores idle. All of them have ended on return.
 * @throws the first failure; what had not begun then is not begun.
 */
export async function twoAtATime<Task>(tasks: readonly Task[], run: (task: Task) => Promise<void>): Promise<void> {
  const waiting = [...tasks];
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      try {
        await run(task);
      } catch (error) {
        failure ??= { error };
        waiting.length = 0;
      }
    }
  };
  await Promise.all([work(), work()]);
  if (failure !== undefined) throw failure.error;
}
