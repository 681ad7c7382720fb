import { ANSWER_TIMEOUT_MS, reachableHost, type RunInfo } from '../run-file.js';
import { apiUrlOf } from '../store-access.js';
import { describe, type Finding, fine, problem, warning } from './finding.js';

const SEE_LOG = 'see the log of "costel up"';

/** Where a running stack takes OTLP/HTTP. */
export function otlpUrlOf(run: RunInfo): string {
  return `http://${reachableHost(run.host)}:${run.ports.otlp}`;
}

async function checkReady(run: RunInfo): Promise<Finding> {
  try {
    const response = await fetch(`${apiUrlOf(run)}/ready`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const body = (await response.json()) as { detail?: string };
    const by = run.configFile === undefined ? 'without a configuration file' : `by ${run.configFile}`;
    if (response.ok) return fine('stack', `process ${run.pid} serves ${apiUrlOf(run)} ${by}`);
    return problem('stack', body.detail ?? `HTTP ${response.status}`, SEE_LOG);
  } catch (error) {
    return problem('stack', describe(error), SEE_LOG);
  }
}

async function checkReceiver(run: RunInfo): Promise<Finding> {
  const url = otlpUrlOf(run);
  try {
    // An export of nothing: answered like any other, and stores nothing.
    const response = await fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.ok) return fine('receiver', `takes OTLP/HTTP at ${url}`);
    return problem('receiver', `${url} answers HTTP ${response.status}`, SEE_LOG);
  } catch (error) {
    return problem('receiver', `${url}: ${describe(error)}`, SEE_LOG);
  }
}

const SAMPLE =
  /^costel_receiver_(rejected_records|refused_requests|adjusted_records)_total\{(?:reason|kind)="([^"]+)"\} (\S+)$/gm;
const WORDS: Readonly<Record<string, string>> = {
  rejected_records: 'records rejected',
  refused_requests: 'requests refused',
  adjusted_records: 'changes to records',
};

/** What the receiver has turned away since its start, by reason, read from the metrics that Prometheus reads. */
async function checkRejections(run: RunInfo): Promise<Finding> {
  try {
    const response = await fetch(`${apiUrlOf(run)}/metrics`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    if (!response.ok) return problem('rejections', `the metrics answer HTTP ${response.status}`, SEE_LOG);
    const counts = [...(await response.text()).matchAll(SAMPLE)].filter(([, , , count]) => Number(count) > 0);
    if (counts.length === 0) return fine('rejections', 'the receiver has turned nothing away since its start');
    const list = counts.map(
      ([, kind = '', reason = '', count = '']) => `${count} ${WORDS[kind] ?? kind}: ${reason.replaceAll('_', ' ')}`,
    );
    const fix =
      'the senders of these are at fault or over a limit; every reason is explained in the README of @costel/receiver';
    return warning('rejections', list.join('; '), fix);
  } catch (error) {
    return problem('rejections', describe(error), SEE_LOG);
  }
}

/** Whether a running stack serves, takes OTLP, and what it has turned away. */
export async function checkStack(run: RunInfo): Promise<Finding[]> {
  return [await checkReady(run), await checkReceiver(run), await checkRejections(run)];
}
