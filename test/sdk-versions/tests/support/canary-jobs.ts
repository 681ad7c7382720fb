import { instrumentModule } from '../../../../packages/instrumentation/src/index.js';
import { loadAnthropic, loadOpenAi } from '../../../../packages/instrumentation/test/support/sdk-copies.js';
import {
  bytes,
  json,
  sse,
  text,
  type ProviderServer,
  type Reply,
} from '../../../../packages/instrumentation/test/support/provider-server.js';
import { forgetPackages, loadSdk } from '../load-sdk.js';
import { bedrockJson, bedrockStream, type BedrockServer } from './bedrock-server.js';
import { bedrockConfig, type BedrockModule } from './bedrock.js';
import { ANSWER, at, drain, KEY, PROMPT, quietly, QUOTING, SYSTEM, TOOL, type Loose } from './canaries.js';
import { chunkFrame } from './event-stream.js';

/*
 * Work that goes on beside chats: assistants, batches, videos, speech, reranking, streams in both directions. Each is
 * handed canaries wherever it takes content, and answered with them wherever there is content or an error's message.
 */

/** A way to use an SDK, and the spans that it makes at least: fewer would show nothing. */
export interface CanaryPath {
  readonly name: string;
  readonly atLeast: number;
  readonly run: () => Promise<void>;
}

interface Servers {
  readonly server: ProviderServer;
  readonly bedrock: BedrockServer;
}

const USAGE = { prompt_tokens: 30, completion_tokens: 4, total_tokens: 34 };
const FAILURE = { code: 'server_error', message: QUOTING };
const refused = (): Reply => json({ error: FAILURE, message: QUOTING, detail: QUOTING }, { status: 400 });

const runOf = (id: string, status: string, more: object = {}): Record<string, unknown> => ({
  id,
  object: 'thread.run',
  created_at: 1_763_800_000,
  thread_id: 'thread_1',
  assistant_id: 'asst_1',
  model: 'gpt-4o-2024-08-06',
  instructions: SYSTEM,
  status,
  usage: status === 'queued' ? null : USAGE,
  ...more,
});

/** Each reply, and what is asked of it; whatever fails is part of the exercise. */
async function ask(server: ProviderServer, uses: readonly (readonly [Reply | readonly Reply[], () => unknown])[]) {
  for (const [reply, run] of uses) {
    server.replies(...(Array.isArray(reply) ? (reply as readonly Reply[]) : [reply as Reply]));
    await quietly(run);
  }
}

const openAiPaths = ({ server }: Servers): readonly CanaryPath[] => {
  const module = instrumentModule(loadOpenAi('openai-7', true), {});
  const clientOf = () =>
    new module.OpenAI({ apiKey: KEY, baseURL: `${server.url}/v1?key=${KEY}`, maxRetries: 0, logLevel: 'off' });
  const use = (...path: string[]): Loose => at(clientOf(), ...path);
  const started = {
    assistant_id: 'asst_1',
    instructions: SYSTEM,
    additional_messages: [{ role: 'user', content: PROMPT }],
  };
  return [
    {
      name: 'runs of assistants',
      atLeast: 3,
      run: () =>
        ask(server, [
          [json(runOf('run_1', 'queued')), () => use('beta', 'threads', 'runs', 'create')('thread_1', started)],
          [
            json(runOf('run_1', 'failed', { last_error: FAILURE })),
            () => use('beta', 'threads', 'runs', 'retrieve')('run_1', { thread_id: 'thread_1' }),
          ],
          [
            sse(
              [
                { event: 'thread.run.created', data: runOf('run_2', 'queued') },
                { event: 'thread.message.delta', data: { delta: { content: [{ text: { value: ANSWER } }] } } },
                { event: 'thread.run.completed', data: runOf('run_2', 'completed') },
              ],
              { done: true },
            ),
            async () => drain(await use('beta', 'threads', 'runs', 'create')('thread_1', { ...started, stream: true })),
          ],
          [refused(), () => use('beta', 'threads', 'createAndRun')({ ...started, thread: { messages: [] } })],
        ]),
    },
    {
      name: 'batches, videos and responses in the background',
      atLeast: 3,
      run: () =>
        ask(server, [
          [
            json({
              id: 'batch_1',
              object: 'batch',
              endpoint: '/v1/responses',
              status: 'completed',
              created_at: 1_763_800_000,
              completed_at: 1_763_800_600,
              model: 'gpt-4o',
              usage: { input_tokens: 9, output_tokens: 5, total_tokens: 14 },
              errors: { object: 'list', data: [{ code: 'x', message: QUOTING, line: 1 }] },
              metadata: { description: PROMPT },
            }),
            () => use('batches', 'retrieve')('batch_1'),
          ],
          [
            json({
              id: 'video_1',
              object: 'video',
              model: 'sora-2',
              status: 'completed',
              seconds: '4',
              created_at: 1_763_800_000,
              completed_at: 1_763_800_060,
              prompt: PROMPT,
            }),
            () => use('videos', 'retrieve')('video_1'),
          ],
          [
            [
              json({
                id: 'resp_1',
                object: 'response',
                created_at: 1_763_800_000,
                model: 'gpt-4o',
                status: 'queued',
                output: [],
                usage: null,
              }),
              json({
                id: 'resp_1',
                object: 'response',
                model: 'gpt-4o',
                status: 'failed',
                error: FAILURE,
                instructions: SYSTEM,
                output: [{ type: 'message', content: [{ type: 'output_text', text: ANSWER }] }],
                usage: { input_tokens: 9, output_tokens: 5, total_tokens: 14 },
              }),
            ],
            async () => {
              await use(
                'responses',
                'create',
              )({ model: 'gpt-4o', input: PROMPT, instructions: SYSTEM, background: true });
              await use('responses', 'retrieve')('resp_1');
            },
          ],
        ]),
    },
    {
      name: 'speech, transcripts, images and moderations',
      atLeast: 6,
      run: () =>
        ask(server, [
          [
            bytes(Buffer.from(ANSWER.repeat(9)), 'audio/mpeg'),
            async () =>
              at(
                await use(
                  'audio',
                  'speech',
                  'create',
                )({ model: 'tts-1', voice: 'alloy', input: PROMPT, instructions: SYSTEM }),
                'arrayBuffer',
              )(),
          ],
          [refused(), () => use('audio', 'speech', 'create')({ model: 'tts-1', voice: 'alloy', input: PROMPT })],
          [
            json({ text: ANSWER, usage: { type: 'duration', seconds: 3 } }),
            async () =>
              use(
                'audio',
                'transcriptions',
                'create',
              )({
                model: 'whisper-1',
                prompt: PROMPT,
                file: await module.OpenAI.toFile(Buffer.from(PROMPT), `${PROMPT}.wav`),
              }),
          ],
          [
            json({ created: 1, data: [{ b64_json: ANSWER, revised_prompt: PROMPT }], usage: { input_tokens: 9 } }),
            () => use('images', 'generate')({ model: 'gpt-image-1', prompt: PROMPT }),
          ],
          [refused(), () => use('images', 'generate')({ model: 'gpt-image-1', prompt: PROMPT })],
          [
            json({
              id: 'modr-1',
              model: 'omni-moderation-latest',
              results: [{ flagged: true, categories: { [ANSWER]: true } }],
            }),
            () => use('moderations', 'create')({ input: PROMPT }),
          ],
        ]),
    },
  ];
};

const anthropicPath = ({ server }: Servers): CanaryPath => ({
  name: 'results of a batch of messages',
  atLeast: 1,
  run: () => {
    const module = instrumentModule(loadAnthropic('anthropic-1', true), {});
    const client = new module.Anthropic({ apiKey: KEY, baseURL: server.url, maxRetries: 0, logLevel: 'off' });
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-haiku-4-5',
      content: [{ type: 'text', text: ANSWER }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 9, output_tokens: 5 },
    };
    const lines = [
      { custom_id: PROMPT, result: { type: 'succeeded', message } },
      { custom_id: 'b', result: { type: 'errored', error: { type: 'error', error: FAILURE } } },
    ];
    const batch = json({
      id: 'batch_1',
      type: 'message_batch',
      processing_status: 'ended',
      created_at: '2026-11-20T10:00:00Z',
      ended_at: '2026-11-20T10:20:00Z',
      results_url: `${server.url}/v1/messages/batches/batch_1/results`,
    });
    const body = text(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"${PROMPT}`, 'application/x-jsonl');
    return ask(server, [[[batch, body], async () => drain(await client.messages.batches.results('batch_1'))]]);
  },
});

const googlePath = ({ server }: Servers): CanaryPath => ({
  name: 'batches and videos of Google',
  atLeast: 2,
  run: () => {
    const module = instrumentModule(loadSdk('google-genai-3', '@google/genai', true), {});
    const clientOf = (vertexai: boolean) =>
      new (at(module, 'GoogleGenAI'))({ apiKey: KEY, vertexai, httpOptions: { baseUrl: server.url } });
    const model = 'veo-3.1-generate-001';
    const name = `projects/p/locations/us-central1/publishers/google/models/${model}/operations/canary`;
    const answer = {
      responseId: 'one',
      modelVersion: 'gemini-2.5-flash',
      candidates: [{ content: { parts: [{ text: ANSWER }] } }],
      usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 5, totalTokenCount: 14 },
    };
    const responses = [{ response: answer, metadata: { key: PROMPT } }, { error: { code: 3, message: QUOTING } }];
    const batch = {
      state: 'BATCH_STATE_SUCCEEDED',
      model: 'models/gemini-2.5-flash',
      displayName: PROMPT,
      createTime: '2026-11-20T10:00:00Z',
      endTime: '2026-11-20T11:00:00Z',
      output: { inlinedResponses: { inlinedResponses: responses } },
    };
    const operation = Object.assign(new (at(module, 'GenerateVideosOperation'))(), { name });
    const asked = { model, prompt: PROMPT, config: { durationSeconds: 6, negativePrompt: SYSTEM } };
    return ask(server, [
      [
        json({ name: 'batches/canary', metadata: batch }),
        () => at(clientOf(false), 'batches', 'get')({ name: 'batches/canary' }),
      ],
      [json({ name }), () => at(clientOf(true), 'models', 'generateVideos')(asked)],
      [
        json({ name, done: true, error: { code: 3, message: QUOTING } }),
        () => at(clientOf(true), 'operations', 'getVideosOperation')({ operation }),
      ],
      [refused(), () => at(clientOf(true), 'models', 'generateVideos')(asked)],
    ]);
  },
});

const rerankPath = ({ server }: Servers): CanaryPath => ({
  name: 'rerankers, speech and classifiers of others',
  atLeast: 6,
  run: () => {
    forgetPackages(['cohere-ai', '@mistralai/mistralai']);
    const cohere = instrumentModule(loadSdk('cohere-8', 'cohere-ai'), {});
    const mistral = instrumentModule(loadSdk('mistral-2', '@mistralai/mistralai'), {});
    const together = instrumentModule(loadSdk('together-0', 'together-ai', true), {});
    const v2 = new (at(cohere, 'CohereClientV2'))({ token: KEY, environment: server.url });
    const le = new (at(mistral, 'Mistral'))({ apiKey: KEY, serverURL: server.url, retryConfig: { strategy: 'none' } });
    const tog = new (at(together, 'default'))({ apiKey: KEY, baseURL: server.url, maxRetries: 0 });
    const results = [{ index: 0, relevance_score: 0.9, document: { text: ANSWER } }];
    const query = { model: 'rerank-v3.5', query: PROMPT, documents: [SYSTEM, ANSWER] };
    const speech = { model: 'voxtral-tts', input: PROMPT, voiceId: TOOL };
    return ask(server, [
      [
        json({ id: 'r-1', results, meta: { billed_units: { search_units: 1 } } }),
        () => at(v2, 'rerank')(query, { maxRetries: 0 }),
      ],
      [refused(), () => at(v2, 'rerank')(query, { maxRetries: 0 })],
      [
        json({ id: 'r-2', object: 'rerank', model: 'm', results, usage: USAGE }),
        () => at(tog, 'rerank', 'create')({ ...query, return_documents: true }),
      ],
      [refused(), () => at(tog, 'rerank', 'create')(query)],
      [
        json({ audio_data: Buffer.from(ANSWER).toString('base64') }),
        () => at(le, 'audio', 'speech', 'complete')(speech),
      ],
      [refused(), () => at(le, 'audio', 'speech', 'complete')(speech)],
      [
        json({ id: 'mod-1', model: 'mistral-moderation-latest', results: [{ categories: { [ANSWER]: true } }] }),
        () => at(le, 'classifiers', 'moderate')({ model: 'mistral-moderation-latest', inputs: [PROMPT] }),
      ],
    ]);
  },
});

const bedrockPath = ({ bedrock }: Servers): CanaryPath => ({
  name: 'streams in both directions and asynchronous invocations of Bedrock',
  atLeast: 3,
  run: async () => {
    const loaded = loadSdk('bedrock-3', '@aws-sdk/client-bedrock-runtime', true) as BedrockModule;
    const module = instrumentModule(loaded, {});
    const config = { ...bedrockConfig(bedrock.url), credentials: { accessKeyId: KEY, secretAccessKey: KEY } };
    const client = new module.BedrockRuntimeClient(config);
    const send = (command: string, input: object) =>
      at(client, 'send')(new (at(module, command))(input)) as Promise<Record<string, unknown>>;
    async function* said(): AsyncGenerator<object> {
      const event = { textInput: { promptName: TOOL, content: PROMPT } };
      yield { chunk: { bytes: Buffer.from(JSON.stringify({ event })) } };
    }
    const answers = [
      chunkFrame({ event: { textOutput: { content: ANSWER } } }),
      chunkFrame({ event: { usageEvent: { totalInputTokens: 9, totalOutputTokens: 5, details: { x: ANSWER } } } }),
    ];
    for (const how of [{}, { cut: true }]) {
      bedrock.replies(bedrockStream(answers, how));
      await quietly(async () =>
        drain(
          (
            await send('InvokeModelWithBidirectionalStreamCommand', { modelId: 'amazon.nova-sonic-v1:0', body: said() })
          )['body'],
        ),
      );
    }
    const invocationArn = 'arn:aws:bedrock:us-west-2:123456789012:async-invoke/canary';
    bedrock.replies(
      bedrockJson({ invocationArn }),
      bedrockJson({
        invocationArn,
        modelArn: 'arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-reel-v1:1',
        status: 'Failed',
        failureMessage: QUOTING,
        clientRequestToken: KEY,
        submitTime: '2026-11-20T10:00:00.000Z',
        endTime: '2026-11-20T10:04:00.000Z',
        outputDataConfig: { s3OutputDataConfig: { s3Uri: `s3://${ANSWER}` } },
      }),
    );
    await quietly(() =>
      send('StartAsyncInvokeCommand', {
        modelId: 'amazon.nova-reel-v1:1',
        modelInput: {
          taskType: 'TEXT_VIDEO',
          textToVideoParams: { text: PROMPT },
          videoGenerationConfig: { durationSeconds: 6 },
        },
        outputDataConfig: { s3OutputDataConfig: { s3Uri: `s3://${PROMPT}` } },
      }),
    );
    await quietly(() => send('GetAsyncInvokeCommand', { invocationArn }));
    client.destroy();
  },
});

/** Work beside chats, with every SDK that offers such. */
export function canaryJobs(servers: Servers): readonly CanaryPath[] {
  return [
    ...openAiPaths(servers),
    anthropicPath(servers),
    googlePath(servers),
    rerankPath(servers),
    bedrockPath(servers),
  ];
}
