import type { Interception } from '../calls/intercept.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import { guarded } from '../telemetry/trouble.js';
import { hearAnswer } from './hear-answer.js';
import { instantMs } from './instant-ms.js';
import type { ReadJob } from './job-definition.js';
import { listenToFile, rememberResultFile, reportResult, resultReading } from './result-files.js';

/** Remembers which file a batch of Groq's or Together's wrote, and when it ran; a batch itself is nothing that is billed. */
export const rememberBatchFile: ReadJob = (answer) => {
  const batch = asRecord(answer);
  rememberResultFile(batch?.['output_file_id'], {
    createdAtMs: instantMs(batch?.['created_at']),
    endedAtMs: instantMs(batch?.['completed_at']),
    model: asText(batch?.['model_id']) ?? '',
  });
  return undefined;
};

/** Mistral's `batch.jobs.get` with a listener: the results of a job that holds them itself are calls. */
export function observeMistralJob(original: AnyFunction, interception: Interception): AnyFunction {
  return function (...args) {
    const result = Reflect.apply(original, this, args);
    if (!interception.recorder.isEnabled) return result;
    const source = asText(asRecord(args[0])?.['jobId']) ?? '';
    const reading = resultReading(source, this, interception);
    return hearAnswer(result, (answer) => {
      const job = asRecord(answer);
      const known = {
        createdAtMs: instantMs(job?.['createdAt']),
        endedAtMs: instantMs(job?.['completedAt']),
        model: asText(job?.['model']) ?? '',
      };
      rememberResultFile(job?.['outputFile'], known);
      const outputs = job?.['outputs'];
      if (Array.isArray(outputs)) for (const line of outputs) reportResult(line, { ...reading, known });
    });
  };
}

/** What the request of a download answers, inside the SDK. */
interface Downloaded {
  readonly responseInternal?: { readonly body?: unknown };
}

/**
 * Google's `files.download` with a listener. It writes the file itself, so it is made on an object that asks through one
 * that listens; both are the SDK's own behind it.
 */
export function observeGoogleDownload(original: AnyFunction, interception: Interception): AnyFunction {
  return function (...args) {
    if (!interception.recorder.isEnabled) return Reflect.apply(original, this, args);
    const listening = guarded('job', () => listeningFiles(this, args[0], interception));
    return Reflect.apply(original, listening ?? this, args);
  };
}

function listeningFiles(files: unknown, params: unknown, interception: Interception): object | undefined {
  const apiClient = asRecord(asRecord(files)?.['apiClient']);
  const request = apiClient?.['request'];
  const file = asRecord(params)?.['file'];
  const source = asText(file) ?? asText(asRecord(file)?.['name']);
  if (source === undefined || apiClient === undefined || typeof request !== 'function') return undefined;
  const reading = resultReading(source, files, interception);
  const listeningRequest = (...args: unknown[]): unknown => {
    const answer: unknown = Reflect.apply(request, apiClient, args);
    // The SDK awaits it itself.
    if (answer instanceof Promise)
      answer.then(
        (downloaded: Downloaded) =>
          guarded('job', () => {
            listenToFile(downloaded.responseInternal?.body, reading);
          }),
        () => undefined,
      );
    return answer;
  };
  const listeningClient: unknown = Object.create(apiClient, { request: { value: listeningRequest } });
  return Object.create(files as object, { apiClient: { value: listeningClient } }) as object;
}
