/** How the public methods of an SDK's client stand to what is counted. Paths are as an application writes them. */
export interface SdkMethods {
  readonly title: string;
  readonly copy: string;
  readonly moduleName: string;
  /** Makes a client from the module. */
  readonly clientOf: (module: never) => object;
  /** Spend money, and are a span each. */
  readonly covered: readonly string[];
  /** Spend money through the covered ones. */
  readonly through: readonly string[];
  /** Spend money, or look at work that does, and are not counted; with the reason. */
  readonly uncounted: Readonly<Record<string, string>>;
  /** Call no model: by the beginnings of their paths, and single ones. */
  readonly free: readonly RegExp[];
}

type Maker = new (options: object) => object;

/** Plumbing of the clients that OpenAI's generator makes. */
const GENERATED =
  /^(?:\w*[aA]uth(?:Headers)?|backendMiddleware|build\w+|calculate\w+|default\w+|fetch\w*|delete|get|getAPIList|getUserAgent|isStreamBody|make\w+|methodRequest|patch|post|prepare\w+|put|request\w*|retryRequest|shouldRetry|stringifyQuery|validate\w+|withOptions|_\w+|completion|whoami|parseResponseWithTimeout|readX509ResponseError|responsePromise|logger\.\w+)$/;

const BATCH_FILE = 'costs nothing yet; each answer counts when the file of results is read through the SDK';

export const SDK_METHODS: readonly SdkMethods[] = [
  {
    title: '`openai` 7',
    copy: '.',
    moduleName: 'openai',
    clientOf: ({ OpenAI }: { OpenAI: Maker }) => new OpenAI({ apiKey: 'k' }),
    covered: [
      'chat.completions.create',
      'responses.create',
      'responses.compact',
      'responses.retrieve',
      'beta.responses.create',
      'beta.responses.compact',
      'beta.responses.retrieve',
      'completions.create',
      'embeddings.create',
      'images.generate',
      'images.edit',
      'images.createVariation',
      'audio.transcriptions.create',
      'audio.translations.create',
      'audio.speech.create',
      'moderations.create',
      'batches.retrieve',
      'videos.retrieve',
      'decisions.create',
      'beta.threads.createAndRun',
      'beta.threads.runs.create',
      'beta.threads.runs.retrieve',
      'beta.threads.runs.cancel',
      'beta.threads.runs.submitToolOutputs',
    ],
    through: [
      'chat.completions.parse',
      'chat.completions.stream',
      'chat.completions.runTools',
      'responses.parse',
      'responses.stream',
      'beta.threads.createAndRunPoll',
      'beta.threads.createAndRunStream',
      'beta.threads.runs.createAndPoll',
      'beta.threads.runs.createAndStream',
      'beta.threads.runs.poll',
      'beta.threads.runs.stream',
      'beta.threads.runs.submitToolOutputsAndPoll',
      'beta.threads.runs.submitToolOutputsStream',
    ],
    uncounted: {
      'batches.create': 'costs nothing yet; the batch counts when its end is seen',
      'videos.create': 'the video counts when its end is seen',
      'videos.edit': 'the video counts when its end is seen',
      'videos.extend': 'the video counts when its end is seen',
      'videos.remix': 'the video counts when its end is seen',
      'beta.agents.sessions.create': 'runs on OpenAI’s side; what it used is no part of an answer',
      'beta.agents.sessions.stream': 'runs on OpenAI’s side; what it used is no part of an answer',
      'beta.agents.sessions.events.create': 'runs on OpenAI’s side; what it used is no part of an answer',
      'beta.agents.sessions.events.stream': 'runs on OpenAI’s side; what it used is no part of an answer',
      'beta.agents.automations.invocations.create': 'runs on OpenAI’s side; what it used is no part of an answer',
      'fineTuning.jobs.create': 'training is billed by the job; `recordCost` is for that',
      'evals.runs.create': 'runs on OpenAI’s side; its use is in the account’s costs',
      'fineTuning.alpha.graders.run': 'runs on OpenAI’s side; its use is in the account’s costs',
      'vectorStores.search': 'billed by the call of the tool, not by tokens; `recordCost` is for that',
      'live.create': 'a session over WebRTC or a telephone, which does not pass through Node',
      'live.sessions.accept': 'a session over WebRTC or a telephone, which does not pass through Node',
      'contentProvenanceChecks.create': 'states no usage and has no list price',
      'containers.create': 'billed by the session; responses that made one themselves count it',
      'realtime.calls.accept': 'a telephone call: its answers count on the socket that a server opens for it',
    },
    free: [
      GENERATED,
      /^admin\./,
      /^audio\.voice/,
      /^batches\.(?:cancel|list)$/,
      /^beta\.agents\./,
      /^beta\.assistants\./,
      /^beta\.chatkit\./,
      /^beta\.realtime\./,
      /^beta\.responses\.(?:cancel|delete|inputItems|inputTokens)/,
      /^beta\.threads\.(?:create|delete|retrieve|update|messages\.|runs\.list|runs\.update|runs\.steps)/,
      /^chat\.completions\.(?:delete|list|messages|retrieve|update)/,
      /^containers\./,
      /^conversations\./,
      /^evals\./,
      /^files\./,
      /^fineTuning\./,
      /^live\./,
      /^models\./,
      /^realtime\./,
      /^safety\./,
      /^responses\.(?:cancel|delete|inputItems|inputTokens)/,
      /^skills\./,
      /^uploads\./,
      /^vectorStores\./,
      /^videos\./,
      /^webhooks\./,
    ],
  },
  {
    title: '`@anthropic-ai/sdk`',
    copy: '.',
    moduleName: '@anthropic-ai/sdk',
    clientOf: ({ Anthropic }: { Anthropic: Maker }) => new Anthropic({ apiKey: 'k' }),
    covered: [
      'messages.create',
      'beta.messages.create',
      'messages.batches.results',
      'messages.batches.retrieve',
      'beta.messages.batches.results',
      'beta.messages.batches.retrieve',
    ],
    through: [
      'messages.parse',
      'messages.stream',
      'beta.messages.parse',
      'beta.messages.stream',
      'beta.messages.toolRunner',
    ],
    uncounted: {
      'completions.create': 'states no usage, and its models are retired',
      'messages.batches.create': 'costs nothing yet; each result counts when it is read',
      'beta.messages.batches.create': 'costs nothing yet; each result counts when it is read',
      'beta.sessions.events.send': 'managed agents run on Anthropic’s side and are billed by the session too',
      'beta.sessions.events.stream': 'managed agents run on Anthropic’s side and are billed by the session too',
      'beta.sessions.events.toolRunner': 'managed agents run on Anthropic’s side and are billed by the session too',
      'beta.deployments.run': 'managed agents run on Anthropic’s side and are billed by the session too',
      'beta.dreams.create': 'runs on Anthropic’s side; what it used is no part of an answer',
    },
    free: [
      GENERATED,
      /^(?:beta\.)?messages\.(?:countTokens|batches\.(?:cancel|delete|list))$/,
      /^beta\.(?!messages\.)/,
      /^files\./,
      /^models\./,
      /^organization\./,
      /^skills\./,
      /^userProfiles\./,
    ],
  },
  {
    title: '`@google/genai` 3',
    copy: 'google-genai-3',
    moduleName: '@google/genai',
    clientOf: ({ GoogleGenAI }: { GoogleGenAI: Maker }) => new GoogleGenAI({ apiKey: 'k' }),
    covered: [
      'interactions.create',
      'interactions.get',
      'live.connect',
      'batches.get',
      'caches.create',
      'files.download',
      'operations.get',
      'operations.getVideosOperation',
      'models.recontextImage',
    ],
    through: [
      'models.generateContent',
      'models.generateContentStream',
      'models.embedContent',
      'models.generateImages',
      'models.editImage',
      'models.upscaleImage',
      'models.generateVideos',
      'chats.create',
    ],
    uncounted: {
      'batches.create':
        'costs nothing yet; a batch that holds its answers counts them when it is looked at, one of files when its file is downloaded; results in Cloud Storage or BigQuery do not pass through the SDK',
      'batches.createEmbeddings': 'as `batches.create`',
      'live.music.connect': 'states no usage',
      'models.segmentImage': 'states no usage and has no list price',
      'caches.update':
        'storage beyond the life that the cache was made with; only the new end is stated, not what was stored',
      'tunings.tune': 'training is billed by the job; `recordCost` is for that',
      'triggers.run': 'runs on Google’s side; what it used is no part of an answer',
      'fileSearchStores.importFile': 'embeds on Google’s side; what it used is no part of an answer',
      'fileSearchStores.uploadToFileSearchStore': 'embeds on Google’s side; what it used is no part of an answer',
    },
    free: [
      /Internal$/,
      /^(?:agents|authTokens|caches|credentials|environments|files|fileSearchStores|triggers|tunings|voices|webhooks)\./,
      /^apiClient\./,
      /^batches\./,
      /^interactions\./,
      /^live\.(?:auth|isCallableTool|webSocketFactory|music\.)/,
      /^models\./,
      /^getNextGenClient$/,
    ],
  },
  {
    title: '`@mistralai/mistralai` 1',
    copy: 'mistral-1',
    moduleName: '@mistralai/mistralai',
    clientOf: ({ Mistral }: { Mistral: Maker }) => new Mistral({ apiKey: 'k' }),
    covered: [
      ...['complete', 'stream'].flatMap((name) => [`chat.${name}`, `fim.${name}`, `agents.${name}`]),
      'chat.parse',
      'chat.parseStream',
      'embeddings.create',
      'ocr.process',
      'audio.transcriptions.complete',
      'audio.transcriptions.stream',
      'classifiers.moderate',
      'classifiers.moderateChat',
      'classifiers.classify',
      'classifiers.classifyChat',
      'batch.jobs.get',
      'files.download',
      ...['start', 'append', 'restart'].flatMap((name) => [
        `beta.conversations.${name}`,
        `beta.conversations.${name}Stream`,
      ]),
    ],
    through: [],
    uncounted: {
      'batch.jobs.create': BATCH_FILE,
      'beta.libraries.documents.upload': 'reads on Mistral’s side; what it used is no part of an answer',
      'beta.observability.chatCompletionEvents.judge': 'runs on Mistral’s side; what it used is no part of an answer',
      'beta.observability.datasets.records.judge': 'runs on Mistral’s side; what it used is no part of an answer',
      'beta.connectors.callTool': 'a tool; `recordCost` is for one that costs money',
      'fineTuning.jobs.start': 'training is billed by the job; `recordCost` is for that',
    },
    free: [
      /^batch\./,
      /^beta\.(?:agents|connectors|libraries|observability)\./,
      /^beta\.conversations\.(?:delete|get\w*|list)$/,
      /^files\./,
      /^fineTuning\./,
      /^models\./,
    ],
  },
  {
    title: '`cohere-ai` 8',
    copy: 'cohere-8',
    moduleName: 'cohere-ai',
    clientOf: ({ CohereClient }: { CohereClient: Maker }) => new CohereClient({ token: 'k' }),
    covered: [
      ...['chat', 'chatStream', 'embed', 'rerank'].flatMap((name) => [name, `v2.${name}`]),
      'generate',
      'generateStream',
      'batches.retrieve',
      'embedJobs.get',
    ],
    through: [],
    uncounted: {
      classify: 'retired by Cohere, and billed by the classification',
      summarize: 'retired by Cohere',
      'v2.parse': 'states no usage',
      'audio.transcriptions.create': 'states no usage',
      'embedJobs.create': 'costs nothing yet; the job counts when its end is seen',
      'batches.create': 'costs nothing yet; the batch counts when its end is seen',
      'finetuning.createFinetunedModel': 'training is billed by the job; `recordCost` is for that',
    },
    free: [
      /^(?:batches|connectors|datasets|embedJobs|finetuning|models)\./,
      /^(?:checkApiKey|detokenize|tokenize|fetch)$/,
    ],
  },
  {
    title: '`groq-sdk` 1',
    copy: 'groq-1',
    moduleName: 'groq-sdk',
    clientOf: ({ Groq }: { Groq: Maker }) => new Groq({ apiKey: 'k' }),
    covered: [
      'chat.completions.create',
      'embeddings.create',
      'audio.transcriptions.create',
      'audio.translations.create',
      'audio.speech.create',
      'batches.retrieve',
      'files.content',
    ],
    through: [],
    uncounted: { 'batches.create': BATCH_FILE },
    free: [GENERATED, /^batches\./, /^files\./, /^models\./],
  },
  {
    title: '`together-ai` 0',
    copy: 'together-0',
    moduleName: 'together-ai',
    clientOf: ({ Together }: { Together: Maker }) => new Together({ apiKey: 'k' }),
    covered: [
      'chat.completions.create',
      'completions.create',
      'embeddings.create',
      'images.generate',
      'audio.transcriptions.create',
      'audio.translations.create',
      'audio.speech.create',
      'rerank.create',
      'batches.retrieve',
      'files.content',
    ],
    through: ['chat.completions.stream'],
    uncounted: {
      'batches.create': BATCH_FILE,
      'videos.create': 'billed by the video; neither answer nor price list tells how much',
      'codeInterpreter.execute': 'billed by the session; `recordCost` is for that',
      'evals.create': 'runs on Together’s side; what it used is no part of an answer',
      'fineTuning.create': 'training is billed by the job; `recordCost` is for that',
      'beta.jig.queue.submit': 'containers of one’s own, billed by the hour',
    },
    free: [
      GENERATED,
      /^(?:batches|beta|codeInterpreter|endpoints|evals|files|fineTuning|models|videos)\./,
      /^audio\.voices\./,
    ],
  },
  {
    title: '`ollama` 0',
    copy: 'ollama-0',
    moduleName: 'ollama',
    clientOf: ({ Ollama }: { Ollama: Maker }) => new Ollama({}),
    covered: ['chat', 'generate', 'embed', 'embeddings'],
    through: [],
    uncounted: {
      webFetch: 'a tool of Ollama’s cloud; `recordCost` is for one that costs money',
      webSearch: 'a tool of Ollama’s cloud; `recordCost` is for one that costs money',
    },
    free: [
      /^(?:abort|copy|create|delete|encodeImage|fetch|fileExists|list|processStreamableRequest|ps|pull|push|show|systemone|version)$/,
    ],
  },
];

/** Objects that are settings and not resources. */
const PLAIN: readonly string[] = ['Object', 'Array', 'Map', 'Set', 'URL', 'Headers', 'AbortController'];

/** The paths of all public methods of a client: its own and inherited ones, and those of its resources. */
export function methodsOf(client: object): readonly string[] {
  const paths = new Set<string>();
  const seen = new Set<object>();
  const visit = (object: object, path: readonly string[]): void => {
    if (path.length > 6 || seen.has(object)) return;
    seen.add(object);
    for (const name of namesOf(object)) {
      const value = read(object, name);
      if (typeof value === 'function') paths.add([...path, name].join('.'));
      else if (typeof value === 'object' && value !== null && !PLAIN.includes(value.constructor?.name ?? 'Object'))
        visit(value, [...path, name]);
    }
  };
  visit(client, []);
  return [...paths].sort();
}

function namesOf(object: object): readonly string[] {
  const names = new Set<string>();
  for (let at: unknown = object; typeof at === 'object' && at !== null && at !== Object.prototype;) {
    for (const name of Object.getOwnPropertyNames(at))
      if (name !== 'constructor' && !name.startsWith('_')) names.add(name);
    at = Object.getPrototypeOf(at);
  }
  return [...names];
}

function read(object: object, name: string): unknown {
  try {
    return Reflect.get(object, name);
  } catch {
    // A getter that wants something else than a new client.
    return undefined;
  }
}
