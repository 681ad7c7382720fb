import { EXACT_DAY, type CatalogueVariant } from './catalogue.js';

/** Dollars an image by tier as variants of a model; whole tenths of a cent, so no digit is lost. */
function imagePrices(usdByTier: Readonly<Record<string, number>>): readonly CatalogueVariant[] {
  return Object.entries(usdByTier).map(([image, usd]) => [
    { image },
    { output_images_kcount: Math.round(usd * 1000) * 1_000_000_000 },
    null,
  ]);
}

/** Twice the price from 01:00 to 04:00 and from 06:00 to 10:00 UTC. */
function peakPrices(prices: Readonly<Record<string, number>>): readonly unknown[] {
  const doubled = Object.fromEntries(Object.entries(prices).map(([key, price]) => [key, 2 * price]));
  return [
    [null, prices],
    [[3_600, 14_400], doubled],
    [[21_600, 36_000], doubled],
  ];
}

/** Dollars a million tokens kept for an hour, in pico-dollars a token-hour: $4.50 is 4 500 000. */
const storage = (usd: number): Readonly<Record<string, number>> => ({ cache_storage_mtokhours: usd * 1_000_000 });

/** What xAI's tools cost, of dollars a thousand searches or runs of code. */
const xaiTools = (call: number): Readonly<Record<string, number>> => ({
  s: call * 1_000_000_000,
  f: 2_500_000_000,
  code_executions_kcount: call * 1_000_000_000,
  requests_kcount: 25_000_000_000,
});

const GOOGLE_MAPS = { maps_searches_kcount: 14_000_000_000 };

/** What follows a model's name in those of its versions: `-001`, `-preview-05-06`, `-latest`. */
const VERSION = '(?:-(?:\\d[\\d-]*|preview[\\d-]*|latest|customtools))?$';

/**
 * Prices that providers published and no catalogue has (any more), in the form of the catalogues: the targets of aliases, and
 * the storage of Gemini's explicit caches. Each has the page that says so, which an explanation of the price names.
 */
export const PUBLISHED_NAME = 'published 9';
export const PUBLISHED_DATE = '2026-11-24';
export const PUBLISHED: Readonly<Record<string, string>> = {
  // Claude Opus 4.6 in fast mode: six times its price, twelve times above 200 000 tokens of input while those cost more.
  anthropic: JSON.stringify({
    models: [
      [
        'opus-4.6-fast',
        ['|', '^claude-opus-4-6', '^claude-opus-4.6', '^claude-4-6-opus', '^claude-4.6-opus'],
        [[null, { s: 10_000_000_000 }]],
        [
          [
            { speed: 'fast' },
            { i: 30_000_000, w: 37_500_000, h: 60_000_000, r: 3_000_000, o: 150_000_000 },
            `${EXACT_DAY}2026-03-13`,
          ],
          [
            { speed: 'fast' },
            {
              i: [30_000_000, [200_000, 60_000_000]],
              w: [37_500_000, [200_000, 75_000_000]],
              h: [60_000_000, [200_000, 120_000_000]],
              r: [3_000_000, [200_000, 6_000_000]],
              o: [150_000_000, [200_000, 225_000_000]],
            },
            `${EXACT_DAY}2026-02-18`,
          ],
        ],
      ],
    ],
  }),
  // DeepSeek, pico-dollars a token in (i), cached (r) and out (o): 140 000 is $0.14 a million.
  deepseek: JSON.stringify({
    models: [
      ['v2-published', '=', [[null, { i: 140_000, r: 14_000, o: 280_000 }]]],
      ['v3-published', '=', [[null, { i: 270_000, r: 70_000, o: 1_100_000 }]]],
      ['r1-published', '=', [[null, { i: 550_000, r: 140_000, o: 2_190_000 }]]],
      ['v3.1-published', '=', [[null, { i: 560_000, r: 70_000, o: 1_680_000 }]]],
      ['v3.2-published', '=', [[null, { i: 280_000, r: 28_000, o: 420_000 }]]],
      ['v4-flash-preview-published', '=', [[null, { i: 140_000, r: 2_800, o: 280_000 }]]],
      ['v4-flash-published', '=', peakPrices({ i: 220_000, r: 7_000, o: 660_000 })],
      ['v4-pro-preview-published', '=', [[null, { i: 435_000, r: 3_625, o: 870_000 }]]],
      ['v4-pro-published', '=', peakPrices({ i: 660_000, r: 22_000, o: 1_980_000 })],
    ],
  }),
  // Gemini 3.6 Flash before its introductory price, what stored caches cost, and images of Imagen 4.
  google: JSON.stringify({
    models: [
      ['imagen-4.0-generate-001', '=', [[null, { output_images_kcount: 40_000_000_000 }]]],
      ['imagen-4.0-fast-generate-001', '=', [[null, { output_images_kcount: 20_000_000_000 }]]],
      ['imagen-4.0-ultra-generate-001', '=', [[null, { output_images_kcount: 60_000_000_000 }]]],
      [
        '3.6-flash-published',
        '=',
        [[null, { i: 1_500_000, r: 150_000, o: 7_500_000, s: 14_000_000_000, ...GOOGLE_MAPS, ...storage(1) }]],
        [
          [{ processing: 'batch' }, { i: 750_000, r: 75_000, o: 3_750_000 }, null],
          [{ service_tier: 'flex' }, { i: 750_000, r: 75_000, o: 3_750_000 }, null],
        ],
      ],
      [
        'storage-pro',
        `~^gemini-(?:1\\.5-pro|2\\.5-pro|3-pro-preview|3\\.1-pro-preview|pro-latest)${VERSION}`,
        [[null, storage(4.5)]],
      ],
      [
        'storage-flash',
        `~^gemini-(?:1\\.5-flash|2\\.0-flash|2\\.5-flash(?:-lite)?|3-flash-preview|3\\.1-flash-lite|3\\.5-flash(?:-lite)?|flash-lite-latest)${VERSION}`,
        [[null, storage(1)]],
      ],
      [
        'storage-flash-introductory',
        `~^gemini-(?:3\\.[678]-flash|flash-latest)${VERSION}`,
        [
          [null, storage(0.5)],
          ['2027-01-01', storage(1)],
        ],
      ],
    ],
  }),
  // Searches by the tool that Moonshot runs itself, each time that a model asks for it.
  moonshotai: JSON.stringify({ models: [['web-search', '~^(?:kimi-|moonshot-v1-)', [[null, { s: 5_000_000_000 }]]]] }),
  // o3 before it cost a fifth; GPT-4o's first sound; GPT-4o mini that searches before it answers; images by size and quality, of which there is no price without them. Listed until the models were retired in May 2026.
  openai: JSON.stringify({
    models: [
      ['4o-mini-search-published', '=', [[null, { i: 150_000, r: 75_000, o: 600_000, s: 25_000_000_000 }]]],
      [
        'o3-first-published',
        '=',
        [[null, { i: 10_000_000, r: 2_500_000, o: 40_000_000, s: 10_000_000_000, f: 2_500_000_000 }]],
      ],
      [
        '4o-realtime-first-published',
        '=',
        [[null, { i: 5_000_000, r: 2_500_000, o: 20_000_000, a: 100_000_000, c: 20_000_000, b: 200_000_000 }]],
      ],
      // Its sound alone, since the newest of its snapshots came; which one the name stood for before is not known for certain.
      [
        'gpt-4o-audio-preview',
        '=',
        [
          [null, {}],
          ['2025-06-03', { a: 40_000_000, b: 80_000_000 }],
        ],
      ],
      ['dall-e-2', '=', [[null, {}]], imagePrices({ '256x256': 0.016, '512x512': 0.018, '1024x1024': 0.02 })],
      [
        'dall-e-3',
        '=',
        [[null, {}]],
        imagePrices({
          '1024x1024': 0.04,
          '1024x1792': 0.08,
          '1792x1024': 0.08,
          'hd-1024x1024': 0.08,
          'hd-1024x1792': 0.12,
          'hd-1792x1024': 0.12,
        }),
      ],
      // In the larger sizes, which catalogues have under no name that an answer states.
      [
        'sora-2-pro',
        '^sora-2-pro',
        [[null, {}]],
        ['1024x1792', '1792x1024'].map((image) => [{ image }, { output_video_seconds: 500_000_000_000 }, null]),
      ],
      // Last, for the first that matches counts. Searches of the preview of the tool, which count as requests. Before June 2025 they cost $25 to $50 a thousand by size.
      [
        'search-preview',
        '~^(?:ft:)?gpt-4',
        [
          [null, {}],
          ['2025-06-26', { requests_kcount: 25_000_000_000 }],
        ],
      ],
      [
        'search-preview-reasoning',
        '~^(?:ft:)?(?:o\\d|gpt-(?:[5-9]|\\d\\d)|codex|computer-use)',
        [[null, { requests_kcount: 10_000_000_000 }]],
      ],
    ],
  }),
  // What xAI's tools cost: searches (since September 2026 each post that a search of X fetches), code, collections; as requests the sources of the live search of chats, which ended in January 2026.
  'x-ai': JSON.stringify({
    models: [
      [
        'server-side-tools',
        '^grok-',
        [
          [null, xaiTools(10)],
          ['2025-11-19', xaiTools(5)],
        ],
      ],
    ],
  }),
};

const GEMINI_PAGE = 'ai.google.dev/gemini-api/docs/pricing';

/** Of each published price: where it was read, and what the page says of its time. */
const PUBLISHED_SOURCES: Readonly<Record<string, string>> = {
  'opus-4.6-fast':
    'platform.claude.com/docs/en/build-with-claude/fast-mode, as of February 2026 ("$30 / MTok", "$150 / MTok"; $60 and $225 above 200K) and of March 2026, when one price held for any context; not from the first days, of which it is not known for certain whether they cost as much',
  'imagen-4.0-generate-001': `${GEMINI_PAGE}, as of 2025 and March 2026: $0.04 an image`,
  'imagen-4.0-fast-generate-001': `${GEMINI_PAGE}, as of 2025 and March 2026: $0.02 an image`,
  'imagen-4.0-ultra-generate-001': `${GEMINI_PAGE}, as of 2025 and March 2026: $0.06 an image`,
  'o3-first-published': 'openai.com/api/pricing, as of 2025-04-25: cached input $2.50; cut with the rest on 2025-06-10',
  '4o-realtime-first-published':
    'openai.com/api/pricing, as of 2024-12-18: cached sound $20.00 while that of its successor is $2.50; sound $100 in and $200 out as LiteLLM’s map has Azure’s',
  'gpt-4o-audio-preview':
    'developers.openai.com/api/docs/models/gpt-4o-audio-preview, as of 2026: sound $40 in, $80 out; default snapshot of 2025-06-03',
  'search-preview':
    'openai.com/api/pricing, as of 2026-03-12: "Web search preview (non-reasoning models) $25.00 / 1k calls", the tokens of what was found are free; since community.openai.com/t/deep-research-in-the-api-webhooks-and-web-search-with-o3/1299919 of 2025-06-26',
  'search-preview-reasoning':
    'openai.com/api/pricing, as of 2026-03-12: "Web search preview (reasoning models, including gpt-5, o-series) $10.00 / 1k calls"',
  'server-side-tools':
    'docs.x.ai/developers/pricing, as of autumn 2025 ("$10" per 1,000 calls of Web Search, X Search and Code Execution; Documents Search "$2.50/1k requests"; live search "$25 per 1,000 sources"), of 2026 ("$5 / 1k calls", Collections Search "$2.50 / 1k calls") and of September 2026 ("$5 per 1k posts fetched and $10 per 1k user profiles fetched" by X Search from 2026-09-21, 12:00 PT); "The price of agent tools drops by up to 50%" on 2025-11-19 by docs.x.ai/developers/release-notes',
  'web-search':
    'platform.kimi.ai/docs/pricing/tools, as of early and of autumn 2026: "we charge a fee of $0.005 for the $web_search call"; ￥0.03 on the platform in China',
  'storage-pro': `${GEMINI_PAGE}, "$4.50 / 1,000,000 tokens per hour (storage price)", as of 2024 (1.5 Pro), July 2025 and September 2026 (2.5 Pro), 2026 (3 and 3.1 Pro); the same on Vertex AI (2.5 Pro)`,
  'storage-flash': `${GEMINI_PAGE}, "$1.00 / 1,000,000 tokens per hour (storage price)", as of 2024 (1.5 Flash), May 2025 (2.5 Flash), March 2026 (2.0, 2.5, 3 and 3.1 Flash and Flash-Lite), September 2026 (3.5 Flash and Flash-Lite); the same on Vertex AI (3.5 Flash)`,
  'storage-flash-introductory': `${GEMINI_PAGE}, as of September 2026: "$0.50 / 1,000,000 tokens per hour (storage price) through December 31, 2026", "$1.00 … starting January 1, 2027"; the same on Vertex AI (3.8 Flash)`,
  '3.6-flash-published': `${GEMINI_PAGE}, as of 2026-07-21: half of it is the introductory price, which the page had when 3.7 Flash came on 2026-08-13`,
  'v2-published': 'api-docs.deepseek.com/news/news0802; V3 kept it until 2025-02-08 16:00 UTC by news/news1226',
  'v3-published':
    'api-docs.deepseek.com/quick_start/pricing, as of February 2025; cheaper nights from 2025-02-26 16:30 UTC',
  'r1-published': 'api-docs.deepseek.com/news/news250120; cheaper nights from 2025-02-26 16:30 UTC',
  'v4-flash-preview-published':
    'api-docs.deepseek.com/quick_start/pricing, as of August 2026: peak hours from 2026-08-16 16:00 UTC; by the release note of 2026-04-24 deepseek-chat and deepseek-reasoner are it',
  'v4-flash-published': 'api-docs.deepseek.com/quick_start/pricing, as of August 2026: from 2026-08-16 16:00 UTC',
  'v4-pro-preview-published':
    'api-docs.deepseek.com/quick_start/pricing, as of August 2026: peak hours from 2026-08-16 16:00 UTC',
  'v4-pro-published': 'api-docs.deepseek.com/quick_start/pricing, as of August 2026: from 2026-08-16 16:00 UTC',
  'v3.1-published':
    'api-docs.deepseek.com/quick_start/pricing, as of September 2025: from 2025-09-05 16:00 UTC, without discounts at night',
  'v3.2-published':
    'api-docs.deepseek.com/quick_start/pricing, as of April 2026; from 2025-09-29 by api-docs.deepseek.com/updates',
  '4o-mini-search-published':
    'openai.com/api/pricing, as of 2025: "Web search preview (non-reasoning models) $25.00 / 1k calls", tokens as of GPT-4o mini; LiteLLM’s map of 2026-11-22 has the same',
  'sora-2-pro':
    'openai.com/api/pricing, since October 2025: $0.30 a second of 720p, $0.50 of 1024x1792 and 1792x1024; LiteLLM’s map has the latter as sora-2-pro-high-res',
  'dall-e-2': 'openai.com/api/pricing, as of 2025; the same from the beginning until the model was retired',
  'dall-e-3': 'openai.com/api/pricing, as of 2025; the same from the beginning until the model was retired',
};

/** The page that a published price was read from; undefined for what another list has. */
export function publishedSource(catalogue: string, catalogueModel: string): string | undefined {
  return catalogue === PUBLISHED_NAME ? PUBLISHED_SOURCES[catalogueModel] : undefined;
}
