import { describe, expect, it } from 'vitest';
import { hasRecordings, readAllRecordings, type Recording } from '../../e2e/corpus/recordings.js';
import { SUITES } from './support/corpus-selectors.js';

type Rule = readonly [why: string, applies: (recording: Recording) => boolean];

const of =
  (providers: readonly string[], apis: readonly string[]) =>
  ({ provider, api }: Recording): boolean =>
    providers.includes(provider) && apis.includes(api);

/** Why a recording is not replayed through a client; the first that applies. */
const LEFT_OUT: readonly Rule[] = [
  [
    'calls no model, and no answer says what it bills: counting tokens, changing and deleting caches',
    of(['google', 'google_vertex', 'bedrock'], ['countTokens', 'count_tokens', 'cachedContents']),
  ],
  ['a form that no SDK asks for: a stream as one JSON array', ({ response }) => response.body_kind === 'jsonarray'],
  [
    'a stream of Bedrock’s without its frames',
    ({ provider, api, response }) => provider === 'bedrock' && api !== 'other' && response.body_kind === 'sse',
  ],
  ['a guardrail, billed by units of text that no price list here has', of(['bedrock'], ['other'])],
  ['states no usage (docs/sdk-methods.md)', of(['cohere'], ['audio'])],
  ['an embedding of Vertex AI that no request is recorded of', of(['google_vertex'], ['embeddings'])],
  [
    'an API of the provider’s own that no covered SDK offers',
    ({ provider, api }) =>
      ['watsonx', 'writer', 'voyage', 'openrouter', 'xai'].includes(provider) &&
      ['other', 'chat', 'rerank', 'videos', 'audio', 'chat.completions'].includes(api),
  ],
];

const count = (names: readonly string[]): ReadonlyMap<string, number> =>
  names.reduce((counts, name) => counts.set(name, (counts.get(name) ?? 0) + 1), new Map<string, number>());

const table = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, many]) => `  ${String(many).padStart(5)}  ${name}`).join('\n');

if (!hasRecordings) console.info('corpus: ../shared/data/payloads is absent, the recordings are not counted');

describe.runIf(hasRecordings)('the recordings', () => {
  const recordings = hasRecordings ? readAllRecordings() : [];
  const suitesOf = (recording: Recording): string[] =>
    Object.entries(SUITES).flatMap(([name, replays]) => (replays(recording) ? [name] : []));
  const replayed = recordings.filter((recording) => suitesOf(recording).length > 0);
  const others = recordings.filter((recording) => suitesOf(recording).length === 0);
  const reasonOf = (recording: Recording): string | undefined =>
    LEFT_OUT.find(([, applies]) => applies(recording))?.[0];

  it('are all replayed through a real client, or left out for a reason that is stated', () => {
    const silent = others.filter((recording) => reasonOf(recording) === undefined);
    expect(silent.map(({ id, provider, api }) => `${provider} ${api} ${id}`)).toEqual([]);
    console.info(
      [
        `corpus: ${replayed.length} of ${recordings.length} recordings are replayed through real clients (some through several SDKs):`,
        table(count(replayed.flatMap(suitesOf))),
        `${others.length} are not:`,
        table(count(others.map((recording) => reasonOf(recording) ?? 'no reason'))),
      ].join('\n'),
    );
  });

  it('that are left out are few, and each reason is needed', () => {
    expect(others.length).toBeLessThan(recordings.length / 50);
    const needed = new Set(others.map(reasonOf));
    expect(LEFT_OUT.map(([why]) => why).filter((why) => !needed.has(why))).toEqual([]);
  });
});
