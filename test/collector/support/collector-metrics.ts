import { waitFor } from '../../support/stack.js';

/**
 * The page of the collector's own metrics. Asked again where it does not come: the page closes a connection after 5 s without
 * a request and 10 s without an answer, which a busy machine exceeds.
 */
export async function readCollectorMetrics(url: string): Promise<readonly string[]> {
  let page: string | undefined;
  await waitFor(async () => {
    page = await fetch(url)
      .then(async (response) => response.text())
      .catch(() => undefined);
    return page !== undefined;
  }, 'the collector to tell its metrics');
  return page?.split('\n') ?? [];
}
