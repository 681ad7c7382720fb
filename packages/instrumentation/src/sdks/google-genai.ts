import { estimateRequestTokens, readUsage, type UsageReading } from '@costel/pricing';
import { listenInside, listenToPromise } from '../calls/listen.js';
import { observePromise } from '../calls/observe-promise.js';
import { isApiPromise } from '../calls/sdk-shapes.js';
import { observeGoogleDownload } from '../jobs/batch-files.js';
import { observeGoogleBatch, readInteraction, readVideoOperation, readVideos } from '../jobs/google-jobs.js';
import { observeLive } from '../realtime/google-live.js';
import { asRecord, asText } from './read-unknown.js';
import type { Listen, MethodDefinition, SdkDefinition, ServerHint } from './sdk-definition.js';

/*
 * `generateContent`, `generateContentStream`, `embedContent` and the chats are functions made for each client, but each
 * request goes through one method of the exported class `Models`. There a tool loop of three requests, or an answer that
 * the SDK continues by itself, is three calls, and what a method returns is awaited by the SDK and not by the caller.
 */

const MODELS: Pick<MethodDefinition, 'classExport' | 'resourcePath' | 'listen'> = {
  classExport: 'Models',
  resourcePath: ['models'],
  listen: listenInside(),
};

/** The model's own name, e.g. `publishers/google/models/gemini-2.5-flash` is `gemini-2.5-flash`; a tuned one keeps its path. */
function readModel(body: Readonly<Record<string, unknown>>): string {
  const path = asText(body['model']) ?? asText(body['agent']) ?? '';
  return /(?:^|\/)(?:tunedModels|endpoints)\//.test(path) ? path : path.slice(path.lastIndexOf('/') + 1);
}

/** The methods' object has the client's settings under `apiClient`, interactions have them under `parentClient`. */
function readServer(self: unknown, args: readonly unknown[]): ServerHint {
  const resource = asRecord(self);
  const generated = asRecord(resource?.['_client']);
  const client =
    asRecord(resource?.['apiClient']) ?? asRecord(resource?.['parentClient']) ?? asRecord(generated?.['clientAdapter']);
  const options = asRecord(client?.['clientOptions']);
  const ofRequest = asRecord(asRecord(asRecord(args[0])?.['config'])?.['httpOptions']);
  const isVertex = options?.['vertexai'] === true;
  return {
    client,
    baseUrl: asText(ofRequest?.['baseUrl']) ?? asText(asRecord(options?.['httpOptions'])?.['baseUrl']),
    provider: isVertex ? 'gcp.vertex_ai' : 'gcp.gemini',
    region: isVertex ? asText(options['location']) : undefined,
  };
}

/**
 * Vertex AI counts the tokens of each embedding apart where the Gemini API counts them once; versions 2 of the SDK drop
 * what the Gemini API counts, and the length of the text is all that is left.
 */
function readEmbeddings(answer: unknown, request: unknown, provider: string): UsageReading | undefined {
  const reading = readUsage('embedContent', provider, answer);
  if (reading === undefined || reading.quality !== 'missing') return reading;
  const counted = sumOfEmbeddings(asRecord(answer)?.['embeddings']);
  return counted === undefined
    ? { ...reading, usage: { input: estimateRequestTokens(request) }, quality: 'estimated' }
    : { ...reading, usage: { input: counted }, quality: 'reported' };
}

function sumOfEmbeddings(embeddings: unknown): number | undefined {
  if (!Array.isArray(embeddings)) return undefined;
  let tokens: number | undefined;
  for (const embedding of embeddings) {
    const count = asRecord(asRecord(embedding)?.['statistics'])?.['tokenCount'];
    if (typeof count !== 'number') return undefined;
    tokens = (tokens ?? 0) + count;
  }
  return tokens;
}

/** Imagen is billed by the image that it hands out; one that was filtered has no bytes. */
function readImages(answer: unknown): UsageReading | undefined {
  const images = asRecord(answer)?.['generatedImages'];
  if (!Array.isArray(images)) return undefined;
  const made = images.filter((entry) => {
    const image = asRecord(asRecord(entry)?.['image']);
    return image?.['imageBytes'] !== undefined || image?.['gcsUri'] !== undefined;
  });
  return { usage: { image: made.length }, quality: 'reported', serviceTier: '', region: '', finishReasons: [] };
}

const listenToNative = listenToPromise();

/** Interactions came from OpenAI's generator at first, and return a promise of its kind there. */
const listenToInteraction: Listen = (result, call) => {
  if (!isApiPromise(result)) return listenToNative(result, call);
  observePromise(result, call);
  return result;
};

const IMAGES: Omit<MethodDefinition, 'method'> = {
  ...MODELS,
  api: 'images',
  operation: 'image_generation',
  readAnswer: readImages,
};

const VIDEOS: Omit<MethodDefinition, 'method'> = {
  ...MODELS,
  api: 'videos',
  operation: 'video_generation',
  readJob: readVideoOperation,
  readAnswer: readVideos,
  isRecent: true,
};

/** Both look at an operation, whatever it makes. */
const LOOK_AT_VIDEO: MethodDefinition = {
  ...VIDEOS,
  classExport: 'Operations',
  resourcePath: ['operations'],
  method: 'getVideosOperation',
  looksAtJob: true,
};

/** A cache bills the storage of its tokens for as long as it is made to live; who deletes it sooner pays less. */
const CACHE: MethodDefinition = {
  classExport: 'Caches',
  resourcePath: ['caches'],
  method: 'create',
  api: 'cachedContents',
  operation: 'create_cache',
  listen: listenToPromise(),
  isRecent: true,
};

const INTERACTION: MethodDefinition = {
  resourcePath: ['interactions'],
  method: 'create',
  api: 'interactions',
  operation: 'generate_content',
  listen: listenToInteraction,
  readJob: readInteraction,
};

/** The `@google/genai` package, for the Gemini API and for Vertex AI. */
export const GOOGLE_GENAI: SdkDefinition = {
  moduleName: '@google/genai',
  clientExports: ['GoogleGenAI'],
  clientTraits: ['interactions', 'webhooks'],
  tested: { from: [2, 0], below: [4, 0] },
  defaultProvider: 'gcp.gemini',
  providerByClass: {},
  methods: [
    { ...MODELS, method: 'generateContentInternal', api: 'generateContent', operation: 'generate_content' },
    {
      ...MODELS,
      method: 'generateContentStreamInternal',
      api: 'generateContent',
      operation: 'generate_content',
      isStreaming: true,
    },
    {
      ...MODELS,
      method: 'embedContentInternal',
      api: 'embedContent',
      operation: 'embeddings',
      readAnswer: readEmbeddings,
    },
    { ...IMAGES, method: 'generateImagesInternal' },
    { ...IMAGES, method: 'editImageInternal' },
    { ...IMAGES, method: 'upscaleImageInternal' },
    { ...IMAGES, method: 'recontextImage', listen: listenToPromise(), isRecent: true },
    { ...VIDEOS, method: 'generateVideosInternal' },
    LOOK_AT_VIDEO,
    { ...LOOK_AT_VIDEO, method: 'get' },
    {
      classExport: 'Batches',
      resourcePath: ['batches'],
      method: 'get',
      api: 'generateContent',
      operation: 'generate_content',
      observe: observeGoogleBatch,
      isRecent: true,
    },
    {
      classExport: 'Files',
      resourcePath: ['files'],
      method: 'download',
      api: 'generateContent',
      operation: 'generate_content',
      observe: observeGoogleDownload,
      isRecent: true,
    },
    {
      classExport: 'Live',
      resourcePath: ['live'],
      method: 'connect',
      api: 'generateContent',
      operation: 'generate_content',
      observe: observeLive,
      isRecent: true,
    },
    CACHE,
    INTERACTION,
    { ...INTERACTION, method: 'get', looksAtJob: true, isRecent: true },
  ],
  readRequest: (body, method) => ({
    model: readModel(body),
    stream: method.isStreaming === true || body['stream'] === true,
  }),
  readServer,
};
