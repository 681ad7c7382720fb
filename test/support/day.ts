import { setTimeout as delay } from 'node:timers/promises';

const DAY_MS = 86_400_000;

/**
 * Waits for the next UTC day where the present one ends sooner than a test takes that asks for "today", or that counts on
 * a budget of a day being in one period all the while.
 */
export async function untilDayLasts(testMs: number): Promise<void> {
  for (;;) {
    const leftMs = DAY_MS - (Date.now() % DAY_MS);
    if (leftMs > testMs) return;
    await delay(leftMs);
  }
}
