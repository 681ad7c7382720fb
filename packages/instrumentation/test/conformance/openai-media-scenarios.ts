import { rateLimited, responseSse } from '../support/openai-replies.js';
import { json } from '../support/provider-server.js';
import {
  batchJson,
  BATCH_USAGE,
  conversationJson,
  imageJson,
  imageSse,
  itemsJson,
  moderationJson,
  SOUND,
  speechSound,
  transcriptJson,
  transcriptSse,
  transcriptText,
} from '../support/openai-media-replies.js';
import { collect, deepFreeze, outcome, prototypeNames, shape, unhandledDuring } from './observe.js';
import type { OpenAiScenarioContext, Scenario } from './openai-scenarios.js';

const DRAW = { model: 'gpt-image-1', prompt: 'a house' };
const SPEAK = { model: 'tts-1', voice: 'ash' as const, input: 'two and two' };

const sound = () => new File([SOUND], 'sound.mp3', { type: 'audio/mpeg' });
const picture = () => new File([SOUND], 'house.png', { type: 'image/png' });

async function bytesOf(response: Response): Promise<unknown> {
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    length: (await response.arrayBuffer()).byteLength,
  };
}

/** Images, sound, moderation, batches and conversations: everything of the SDK that is no text generation. */
export const OPENAI_MEDIA_SCENARIOS: Readonly<Record<string, Scenario<OpenAiScenarioContext>>> = {
  'images are generated': async ({ client, server }) => {
    server.replies(imageJson());
    const promise = client.images.generate(DRAW);
    return { shape: shape(promise), answer: await outcome(() => promise) };
  },
  'an image is generated in parts': async ({ client, server }) => {
    server.replies(imageSse('image_generation'));
    const stream = await client.images.generate({ ...DRAW, stream: true, partial_images: 2 });
    return { classes: prototypeNames(stream), events: await collect(stream) };
  },
  'an image is edited, whole and in parts': async ({ client, server }) => {
    server.replies(imageJson(), imageSse('image_edit'));
    const whole = await client.images.edit({ ...DRAW, image: picture() });
    const parts = await collect(await client.images.edit({ ...DRAW, image: [picture(), picture()], stream: true }));
    return { whole, parts };
  },
  'an image is varied, and an error rejects': async ({ client, server }) => {
    server.replies(imageJson({}), rateLimited());
    const varied = await outcome(() => client.images.createVariation({ image: picture() }));
    return { varied, failed: await outcome(() => client.images.createVariation({ image: picture() })) };
  },
  'images withResponse, frozen arguments': async ({ client, server }) => {
    server.replies(imageJson());
    const { data, response, request_id: id } = await client.images.generate(deepFreeze({ ...DRAW })).withResponse();
    return { data, status: response.status, used: response.bodyUsed, id };
  },
  'sound is transcribed, as an object and as text': async ({ client, server }) => {
    server.replies(transcriptJson(), transcriptText());
    const object = await client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: sound() });
    const asText = await client.audio.transcriptions.create({
      model: 'whisper-1',
      file: sound(),
      response_format: 'text',
    });
    return { object, asText };
  },
  'sound is transcribed as a stream': async ({ client, server }) => {
    server.replies(transcriptSse());
    const stream = await client.audio.transcriptions.create({
      model: 'gpt-4o-transcribe',
      file: sound(),
      stream: true,
    });
    return { classes: prototypeNames(stream), events: await collect(stream) };
  },
  'a transcription is left in the middle': async ({ client, server }) => {
    server.replies(transcriptSse({ hold: true }));
    const stream = await client.audio.transcriptions.create({
      model: 'gpt-4o-transcribe',
      file: sound(),
      stream: true,
    });
    for await (const event of stream) return { event, aborted: stream.controller.signal.aborted };
    return 'nothing came';
  },
  'sound is translated': async ({ client, server }) => {
    server.replies(transcriptJson({ duration: 3.2 }));
    return outcome(() => client.audio.translations.create({ model: 'whisper-1', file: sound() }));
  },
  'speech gives a response whose body nobody read': async ({ client, server }) => {
    server.replies(speechSound());
    const response = await client.audio.speech.create(SPEAK);
    return { classes: prototypeNames(response), used: response.bodyUsed, keys: Object.keys(response) };
  },
  'speech is read as a buffer, as a stream, and raw': async ({ client, server }) => {
    server.replies(speechSound());
    const parts: number[] = [];
    const { body } = await client.audio.speech.create(SPEAK);
    for await (const part of body ?? []) parts.push((part as Uint8Array).length);
    return {
      buffer: (await (await client.audio.speech.create(SPEAK)).arrayBuffer()).byteLength,
      stream: parts.reduce((sum, length) => sum + length, 0),
      raw: await bytesOf(await client.audio.speech.create(SPEAK).asResponse()),
    };
  },
  'speech that fails and is not awaited raises one unhandledRejection': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => void client.audio.speech.create(SPEAK));
  },
  'text is moderated': async ({ client, server }) => {
    server.replies(moderationJson());
    return outcome(() => client.moderations.create({ input: 'hello' }));
  },
  'a batch is made, looked at and listed': async ({ client, server }) => {
    const list = { object: 'list', data: [], first_id: null, last_id: null, has_more: false };
    server.replies(
      batchJson('validating'),
      batchJson('in_progress'),
      batchJson('completed', { usage: BATCH_USAGE }),
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
      },
    );
    const made = await client.batches.create({
      input_file_id: 'file-in',
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    const promise = client.batches.retrieve('batch_fixed');
    const seen = { shape: shape(promise), under: await promise };
    const { data, request_id: id } = await client.batches.retrieve('batch_fixed').withResponse();
    return { made, seen, data, id, list: (await client.batches.list()).data };
  },
  'a batch that is not there rejects, and unhandled where nobody awaits it': async ({ client, server }) => {
    server.replies(rateLimited());
    const caught = await outcome(() => client.batches.retrieve('batch_none'));
    return { caught, unhandled: await unhandledDuring(() => void client.batches.retrieve('batch_none')) };
  },
  'a response in the background is asked for and looked at': async ({ client, server }) => {
    const response = { id: 'resp_b', object: 'response', created_at: 1, model: 'gpt-4o', background: true, output: [] };
    server.replies(json({ ...response, status: 'queued' }), json({ ...response, status: 'completed' }));
    const asked = await client.responses.create({ model: 'gpt-4o', input: 'x', background: true });
    const promise = client.responses.retrieve('resp_b');
    const seen = { shape: shape(promise), done: await promise };
    const { data, response: raw } = await client.responses.retrieve('resp_b').withResponse();
    const taken = await (await client.responses.retrieve('resp_b').asResponse()).json();
    return { asked, seen, data, status: raw.status, taken };
  },
  'a response in the background is streamed later': async ({ client, server }) => {
    server.replies(responseSse());
    const stream = await client.responses.retrieve('resp_fixed', { stream: true });
    return { classes: prototypeNames(stream), events: await collect(stream) };
  },
  'conversations and their items': async ({ client, server }) => {
    server.replies(conversationJson(), conversationJson(), itemsJson(), itemsJson());
    const made = await client.conversations.create({ metadata: { topic: 'sums' } });
    const seen = await client.conversations.retrieve('conv_fixed');
    const items = await client.conversations.items.create('conv_fixed', {
      items: [{ type: 'message', role: 'user', content: 'hello' }],
    });
    return { made, seen, items, listed: (await client.conversations.items.list('conv_fixed')).data };
  },
};
