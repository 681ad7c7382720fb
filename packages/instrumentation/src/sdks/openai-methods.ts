import { readSpeech } from '@costel/pricing';
import { rememberBatchFile } from '../jobs/batch-files.js';
import { createRunReader, readBackgroundResponse, readBatch, readRun, readVideo } from '../jobs/openai-jobs.js';
import { observeResultFile } from '../jobs/result-files.js';
import { asRecord, asText } from './read-unknown.js';
import type { MethodDefinition, RequestFacts } from './sdk-definition.js';

/*
 * The methods of OpenAI's own SDK and of those generated after it (Groq, Together), each under the path that the class
 * and the client share: `Chat.Completions` and `client.chat.completions`.
 */

type Row = Omit<MethodDefinition, 'classPath' | 'resourcePath'>;

function at(path: string, row: Row): MethodDefinition {
  const classPath = path.split('.');
  return { classPath, resourcePath: classPath.map((name) => name.charAt(0).toLowerCase() + name.slice(1)), ...row };
}

export const CHAT = at('Chat.Completions', {
  method: 'create',
  api: 'chat.completions',
  operation: 'chat',
  canIncludeUsage: true,
});

export const COMPLETIONS = at('Completions', {
  method: 'create',
  api: 'completions',
  operation: 'text_completion',
  canIncludeUsage: true,
});

export const EMBEDDINGS = at('Embeddings', { method: 'create', api: 'embeddings', operation: 'embeddings' });

const IMAGES: Row = { method: 'generate', api: 'images', operation: 'image_generation' };

export const IMAGES_GENERATE = at('Images', IMAGES);

export const IMAGES_EDIT = at('Images', { ...IMAGES, method: 'edit' });

export const IMAGES_VARIATION = at('Images', { ...IMAGES, method: 'createVariation' });

const TRANSCRIPTION: Row = { method: 'create', api: 'audio', operation: 'transcription' };

export const TRANSCRIPTIONS = at('Audio.Transcriptions', TRANSCRIPTION);

export const TRANSLATIONS = at('Audio.Translations', TRANSCRIPTION);

/** Answers with sound, so what is billed is read from the request. */
export const SPEECH = at('Audio.Speech', {
  method: 'create',
  api: 'audio',
  operation: 'speech',
  readAnswer: (_sound, request) => readSpeech(request),
});

export const MODERATIONS = at('Moderations', {
  method: 'create',
  api: 'moderations',
  operation: 'moderation',
  isFree: true,
});

export const RERANK = at('Rerank', { method: 'create', api: 'rerank', operation: 'rerank' });

const RESPONSE: Row = { method: 'create', api: 'responses', operation: 'chat', readJob: readBackgroundResponse };

export const RESPONSES = at('Responses', RESPONSE);

export const BETA_RESPONSES = at('Beta.Responses', { ...RESPONSE, isRecent: true });

const RETRIEVE: Row = { ...RESPONSE, method: 'retrieve', looksAtJob: true };

export const RESPONSES_RETRIEVE = at('Responses', RETRIEVE);

export const BETA_RESPONSES_RETRIEVE = at('Beta.Responses', { ...RETRIEVE, isRecent: true });

/** Making a batch costs nothing yet; it is counted when its end is first seen. */
export const BATCHES_RETRIEVE = at('Batches', {
  method: 'retrieve',
  api: 'batches',
  operation: 'chat',
  readJob: readBatch,
  looksAtJob: true,
});

/** Of those whose batches do not say what they used: the answers are in the file that one wrote. */
export const BATCH_FILES_RETRIEVE = at('Batches', {
  method: 'retrieve',
  api: 'batches',
  operation: 'chat',
  readJob: rememberBatchFile,
  looksAtJob: true,
  isRecent: true,
});

/** Hands out a file; one of results is counted line by line as it is read. */
export const BATCH_FILES_CONTENT = at('Files', {
  method: 'content',
  api: 'batches',
  operation: 'chat',
  observe: observeResultFile,
  isRecent: true,
});

/** `createAndPoll` and the like look at the video through this too. */
export const VIDEOS_RETRIEVE = at('Videos', {
  method: 'retrieve',
  api: 'videos',
  operation: 'video_generation',
  readJob: readVideo,
  looksAtJob: true,
  isRecent: true,
});

/** A run of an assistant, which answers what its thread holds: no request tells how much that is. */
const RUN: Row = {
  method: 'create',
  api: 'assistants',
  operation: 'chat',
  readBody: (args) => args[1],
  readJob: readRun,
  createReader: createRunReader,
  isRecent: true,
};

export const RUNS = at('Beta.Threads.Runs', RUN);

export const THREADS_RUN = at('Beta.Threads', { ...RUN, method: 'createAndRun', readBody: (args) => args[0] });

const LOOK_AT_RUN: Row = { ...RUN, looksAtJob: true };

/** `poll`, `createAndPoll` and the like look at the run through this. */
export const RUNS_RETRIEVE = at('Beta.Threads.Runs', { ...LOOK_AT_RUN, method: 'retrieve' });

export const RUNS_CANCEL = at('Beta.Threads.Runs', { ...LOOK_AT_RUN, method: 'cancel' });

/** Goes on with a run, whose usage at its end is that of all its turns. */
export const RUNS_SUBMIT = at('Beta.Threads.Runs', { ...LOOK_AT_RUN, method: 'submitToolOutputs' });

const COMPACT: Row = { method: 'compact', api: 'responses.compact', operation: 'chat', isRecent: true };

export const RESPONSES_COMPACT = at('Responses', COMPACT);

export const BETA_RESPONSES_COMPACT = at('Beta.Responses', COMPACT);

/** Its answer states model and usage as a response does. */
export const DECISIONS = at('Decisions', { method: 'create', api: 'responses', operation: 'chat', isRecent: true });

/** What a request to any of these methods says. */
export function readOpenAiRequest(body: Readonly<Record<string, unknown>>): RequestFacts {
  return {
    model: asText(body['model']) ?? '',
    stream: body['stream'] === true,
    user: asText(body['safety_identifier']) ?? asText(body['user']),
    conversation: asText(body['conversation']) ?? asText(asRecord(body['conversation'])?.['id']),
  };
}
