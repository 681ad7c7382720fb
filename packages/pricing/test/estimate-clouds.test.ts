import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createStreamReader,
  estimateRequestTokens,
  INPUT_BUCKETS,
  OUTPUT_BUCKETS,
  readUsage,
  type Usage,
} from '../src/index.js';
import { parseResponseBody } from '../src/interaction/response-body.js';

interface Recording {
  readonly api: string;
  readonly provider: string;
  readonly request: { readonly body: unknown } | null;
  readonly response: Readonly<Record<string, unknown>> & { readonly status: number };
}

const directory = resolve(import.meta.dirname, '../../../../shared/data/payloads');
const isPresent = existsSync(directory);
if (!isPresent) console.info('pricing: ../shared/data/payloads is absent, estimates are not measured');

const recordings: readonly Recording[] = !isPresent
  ? []
  : ['google', 'google_vertex', 'bedrock', 'ollama'].flatMap((provider) =>
      readFileSync(resolve(directory, `${provider}.jsonl`), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Recording)
        .filter(({ response }) => response.status < 400),
    );

const sum = (usage: Usage, buckets: readonly (keyof Usage)[]): number =>
  buckets.reduce((total, bucket) => total + (usage[bucket] ?? 0), 0);

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function requestOf({ request }: Recording): unknown {
  const body = request?.body;
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function usageOf(recording: Recording): Usage {
  const body = parseResponseBody(recording.response);
  if (body.kind === 'unreadable') return {};
  if (body.kind === 'value') return readUsage(recording.api, recording.provider, body.value)?.usage ?? {};
  const reader = createStreamReader(recording.api, recording.provider);
  for (const event of body.events) reader.push(event);
  return reader.finish()?.usage ?? {};
}

/** Relative errors of estimated input, sign aside, over requests whose text is all there. */
function inputErrors(api: string): number[] {
  return recordings.flatMap((recording) => {
    const request = requestOf(recording);
    const tokens = sum(usageOf(recording), INPUT_BUCKETS);
    const isElsewhere =
      /inlineData|fileData|image|document|video|audio|cachedContent|googleSearch|urlContext|codeExecution|fileSearch/;
    if (recording.api !== api || tokens === 0 || request === undefined) return [];
    return isElsewhere.test(JSON.stringify(request)) ? [] : [Math.abs(estimateRequestTokens(request) / tokens - 1)];
  });
}

/** An event without what says that the stream is complete: as if it had been left just before. */
function unfinished(event: unknown): unknown {
  const { usageMetadata: _usage, metadata: _metadata, ...rest } = event as Record<string, unknown>;
  return rest;
}

/** Relative errors of the output estimated from the text seen, where a stream is left just before its end. */
function outputErrors(api: string): number[] {
  return recordings.flatMap((recording) => {
    const body = parseResponseBody(recording.response);
    const tokens = sum(usageOf(recording), OUTPUT_BUCKETS);
    if (recording.api !== api || body.kind !== 'events' || tokens === 0) return [];
    const reader = createStreamReader(api, recording.provider);
    for (const event of body.events) reader.push(unfinished(event));
    const usage = reader.finish({ estimateFromRequest: {} })?.usage ?? {};
    return [Math.abs(sum(usage, OUTPUT_BUCKETS) / tokens - 1)];
  });
}

describe.runIf(isPresent)('estimates for the APIs of clouds', () => {
  it.each([
    ['generateContent', 0.55],
    ['converse', 0.6],
  ])('of the input of %s are off by less than %d in the median', (api, bound) => {
    const errors = inputErrors(api);
    console.info(
      `pricing: median error of estimated input: ${api} ${median(errors).toFixed(2)} (n = ${errors.length})`,
    );
    expect(errors.length).toBeGreaterThan(30);
    expect(median(errors)).toBeLessThan(bound);
  });

  it.each([
    // Thoughts are billed and not sent.
    ['generateContent', 0.85],
    ['converse', 0.4],
  ])('of the output of left streams of %s are off by less than %d in the median', (api, bound) => {
    const errors = outputErrors(api);
    console.info(
      `pricing: median error of estimated output: ${api} ${median(errors).toFixed(2)} (n = ${errors.length})`,
    );
    expect(errors.length).toBeGreaterThan(10);
    expect(median(errors)).toBeLessThan(bound);
  });
});
