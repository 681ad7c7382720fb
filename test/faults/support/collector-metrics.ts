/** The sum of the samples of one of the collector's own metrics; 0 before it first counts. */
async function sumOf(metricsUrl: string, name: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/**
 * The same, NaN where the collector does not answer: its page of metrics closes a connection after 5 s without a request and
 * 10 s without an answer, which a starved machine exceeds. For what is asked again until it holds.
 */
export async function sumIfAnswered(metricsUrl: string, name: string): Promise<number> {
  return sumOf(metricsUrl, name).catch(() => Number.NaN);
}
