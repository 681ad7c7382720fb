import { readUsage, type UsageReading } from '@costel/pricing';
import type { GenAiOperation } from '@costel/semconv';
import { context, type Context } from '@opentelemetry/api';
import { activeAttribution, withoutAttributionBaggage } from '../attribution/with-cost-attribution.js';
import { openOwnCall, type Interception } from '../calls/intercept.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import { hearAnswer } from './hear-answer.js';
import { readJsonLines } from './json-lines.js';
import { countJob } from './known-jobs.js';
import { serverOf } from './observe-job.js';
import { tapBytes, tapNodeBytes } from './tap-bytes.js';
import { traceOfJob } from './trace-of-job.js';

/*
 * The results of a batch are a file, one line a request: its name, and the answer as the request would have had it. A line
 * is a call when the application reads it through the SDK, in a trace that follows from the answer's id: however often,
 * and in however many processes, the file is read, the ledger counts it once.
 */

/** What looking at a batch told of the file of its results, which do not say it themselves. */
export interface KnownFile {
  /** Milliseconds since 1970. */
  readonly createdAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  readonly model: string;
}

/** Files that were heard of lately. */
const MAX_KNOWN_FILES = 1000;
const knownFiles = new Map<string, KnownFile>();

/** A file's own name, without the path that Google puts before it. */
function fileKey(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** Remembers what a batch says of the file of its results. */
export function rememberResultFile(id: unknown, known: KnownFile): void {
  const name = asText(id);
  if (name === undefined) return;
  if (knownFiles.size >= MAX_KNOWN_FILES) knownFiles.clear();
  knownFiles.set(fileKey(name), known);
}

/** Where results are read from. */
export interface ResultReading {
  /** The file, or the batch that holds them itself. */
  readonly source: string;
  /** The SDK's object that was asked. */
  readonly self: unknown;
  /** Where the application was when it asked. */
  readonly readIn: Context;
  readonly interception: Interception;
  readonly known: KnownFile | undefined;
}

/** What the application asked for now. */
export function resultReading(source: string, self: unknown, interception: Interception): ResultReading {
  return { source, self, readIn: context.active(), interception, known: knownFiles.get(fileKey(source)) };
}

/** The method that hands out a file (as bytes, or as a response), with a listener: lines of results in it are calls. */
export function observeResultFile(original: AnyFunction, interception: Interception): AnyFunction {
  return function (...args) {
    const result = Reflect.apply(original, this, args);
    if (!interception.recorder.isEnabled) return result;
    const source = asText(args[0]) ?? asText(asRecord(args[0])?.['fileId']) ?? '';
    const reading = resultReading(source, this, interception);
    return hearAnswer(result, (answer) => {
      listenToFile(answer instanceof ReadableStream ? answer : asRecord(answer)?.['body'], reading);
    });
  };
}

/** Listens to a file as it is read; one of anything else than results is left alone. */
export function listenToFile(stream: unknown, reading: ResultReading): void {
  const listener = readJsonLines((line) => reportResult(line, reading));
  if (stream instanceof ReadableStream) tapBytes(stream, listener);
  else if (isNodeStream(stream)) tapNodeBytes(stream, listener);
}

function isNodeStream(value: unknown): value is object {
  return ['emit', 'read', 'pipe'].every((name) => typeof asRecord(value)?.[name] === 'function');
}

/** Counts one line of results. @returns false for what is none. */
export function reportResult(line: unknown, reading: ResultReading): boolean {
  const result = asRecord(line);
  const key = asText(result?.['custom_id']) ?? asText(result?.['key']);
  if (result === undefined || key === undefined) return false;
  const response = asRecord(result['response']);
  const answer = asRecord(response?.['body']) ?? response;
  // Of a request that failed nothing is billed.
  const hasFailed = Number(response?.['status_code'] ?? 200) >= 400 || asRecord(result['error']) !== undefined;
  if (answer !== undefined && !hasFailed) reportAnswer(answer, key, reading);
  return true;
}

type Answer = Readonly<Record<string, unknown>>;

/** What an answer is one of; by what it says, for a file tells nothing of its requests. */
function kindOf(answer: Answer): readonly [api: string, operation: GenAiOperation] {
  if (answer['usageMetadata'] !== undefined && answer['embedding'] === undefined)
    return ['generateContent', 'generate_content'];
  if (answer['embedding'] !== undefined) return ['embedContent', 'embeddings'];
  if (answer['object'] === 'response') return ['responses', 'chat'];
  if (answer['object'] === 'text_completion') return ['completions', 'text_completion'];
  if (Array.isArray(answer['choices'])) return ['chat.completions', 'chat'];
  if (asRecord(answer['usage_info']) !== undefined) return ['ocr', 'chat'];
  if (Array.isArray(answer['data'])) return ['embeddings', 'embeddings'];
  if (Array.isArray(answer['results'])) return ['embeddings', 'moderation'];
  return ['chat.completions', 'chat'];
}

function readResult(answer: Answer, api: string, provider: string): UsageReading | undefined {
  const tokens = Number(answer['tokenCount'] ?? asRecord(answer['usageMetadata'])?.['promptTokenCount']);
  if (api === 'embedContent' && Number.isInteger(tokens))
    return { usage: { input: tokens }, quality: 'reported', serviceTier: '', region: '', finishReasons: [] };
  return readUsage(api, provider, answer);
}

/** Counts the answer to one request of a batch, at the batch price. */
export function reportAnswer(answer: Answer, key: string, reading: ResultReading): void {
  const { source, self, readIn, interception, known } = reading;
  const { recorder, method } = interception;
  const server = serverOf(self, interception);
  const [api, operation] = kindOf(answer);
  const read = readResult(answer, api, server.provider);
  if (read === undefined) return;
  const id = read.responseId ?? `${fileKey(source)}/${key}`;
  if (!countJob(id)) return;
  const usage: UsageReading = { ...read, serviceTier: 'batch', responseId: id };
  const startedAtMs = known?.createdAtMs ?? Date.now();
  const call = openOwnCall(
    {
      recorder,
      method: { ...method, api, readAnswer: () => usage },
      facts: { model: read.responseModel ?? known?.model ?? '', stream: false, operation },
      server,
      attribution: activeAttribution(readIn, recorder.options.readBaggage),
      body: {},
      hidesUsageChunk: false,
      startedAtMs,
    },
    traceOfJob(withoutAttributionBaggage(readIn), server.provider, id),
  );
  call.onJobDone(answer, known?.endedAtMs ?? startedAtMs);
}
