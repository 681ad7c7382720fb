// Fills the ledger inside the engine with calls as a product of some size has them: conversations of six calls, users and
// features with a Zipf tail, four tenants, fourteen models, working hours and weekends, tokens and latencies with a tail.
// Everything follows from the number of the call, so the same data come out wherever it is run.

/** Calls of a conversation; they share user, feature, agent and are minutes apart. */
const CALLS_A_CONVERSATION = 6;
const DAY_SECONDS = 86_400;

/** Provider, model, operation, dollars per million tokens: input, cached input, output; share of reasoning in the output. */
const MODELS = [
  ['openai', 'gpt-5', 'chat', 1.25, 0.125, 10, 0.5],
  ['openai', 'gpt-5-mini', 'chat', 0.25, 0.025, 2, 0.3],
  ['anthropic', 'claude-sonnet-4-5', 'chat', 3, 0.3, 15, 0],
  ['openai', 'gpt-4o', 'chat', 2.5, 1.25, 10, 0],
  ['anthropic', 'claude-haiku-4-5', 'chat', 1, 0.1, 5, 0],
  ['openai', 'text-embedding-3-small', 'embeddings', 0.02, 0.02, 0, 0],
  ['gcp.gemini', 'gemini-2.5-flash', 'generate_content', 0.3, 0.03, 2.5, 0.4],
  ['openai', 'gpt-4o-mini', 'chat', 0.15, 0.075, 0.6, 0],
  ['gcp.gemini', 'gemini-2.5-pro', 'generate_content', 1.25, 0.31, 10, 0.5],
  ['aws.bedrock', 'anthropic.claude-3-5-sonnet-20241022-v2:0', 'chat', 3, 0.3, 15, 0],
  ['mistral_ai', 'mistral-large-latest', 'chat', 2, 2, 6, 0],
  ['openai', 'o4-mini', 'chat', 1.1, 0.275, 4.4, 0.7],
  ['deepseek', 'deepseek-chat', 'chat', 0.28, 0.028, 0.42, 0],
  ['openai', 'ft:gpt-4o-mini:acme::8xQ', 'chat', 0, 0, 0, 0],
];
/** The last one is fine-tuned and has no price. */
const UNPRICED_MODEL = MODELS.length;
const TENANTS = ['default', 'acme', 'globex', 'initech'];

/** @param {readonly (string | number)[]} values */
const texts = (values) => `[${values.map((value) => `'${value}'`).join(', ')}]`;
/** Dollars per token as the ledger's decimals. @param {number} column */
const prices = (column) =>
  `[${MODELS.map((model) => `toDecimal128('${(Number(model[column]) / 1e6).toFixed(12)}', 12)`).join(', ')}]`;
/** A number in [0, 1) that follows from `of`. @param {string} of @param {number} salt */
const uniform = (of, salt) => `(bitAnd(cityHash64(${of}, ${salt}), 4294967295) / 4294967296)`;
/** About normal: the sum of three uniform numbers. @param {number} salt */
const normal = (salt) => `(2 * (${uniform('n', salt)} + ${uniform('n', salt + 1)} + ${uniform('n', salt + 2)} - 1.5))`;

/** The columns of a call and how they follow from `n`, its number, in three steps of which each sees the one before. */
const STEPS = {
  about: {
    conversation_number: `intDiv(n, ${CALLS_A_CONVERSATION})`,
    user_number: `toUInt32(exp(${uniform('conversation_number', 1)} * log({users:Float64})))`,
    feature_number: `toUInt32(exp(${uniform('conversation_number', 2)} * log(40)))`,
    model_number: `1 + (feature_number * 5 + toUInt32(4 * pow(${uniform('n', 3)}, 2))) % ${MODELS.length}`,
    // Twice as many conversations in the afternoon as at night.
    day_share: `(${uniform('conversation_number', 4)} AS share) - 0.053 * sin(6.283185 * (share - 0.65))`,
    second_of_day: `toUInt32(${DAY_SECONDS} * (day_share - floor(day_share)))`,
    start_ms: `toUInt32(1000 * least(second_of_day + 120 * (n % ${CALLS_A_CONVERSATION}), ${DAY_SECONDS - 1})) + cityHash64(n, 5) % 1000`,
    failed: `${uniform('n', 6)} < 0.012`,
    input: `if(failed, 0, toUInt64(exp(6.6 + 1.1 * ${normal(7)})))`,
    cached: `if(cityHash64(n, 10) % 10 < 4, toUInt64(input * ${uniform('n', 11)}), 0)`,
    output: `if(failed OR MODELS_OPERATION = 'embeddings', 0, toUInt64(exp(5.2 + 0.9 * ${normal(12)})))`,
    reasoning: `toUInt64(output * ${texts(MODELS.map((model) => Number(model[6]) * 100))}[model_number]::UInt8 / 100)`,
    duration_ms: `toUInt64(if(failed, 80, 180) + output * (2 + model_number / 2) + exp(5 + 0.8 * ${normal(15)}))`,
  },
};

const OPERATION = `${texts(MODELS.map((model) => model[2]))}[model_number]`;

/** The ledger's columns; `usage_…` that no call has stay at their default. */
const COLUMNS = {
  tenant: `${texts(TENANTS)}[multiIf(user_number % 20 < 14, 1, user_number % 20 < 18, 2, user_number % 20 < 19, 3, 4)]`,
  started: "fromUnixTimestamp64Milli({day_ms:Int64} + toInt64(start_ms), 'UTC')",
  trace_id: 'lower(hex(cityHash64(n, 20))) || lower(hex(cityHash64(n, 21)))',
  span_id: 'lower(hex(cityHash64(n, 22)))',
  item: '0',
  received_at: 'fromUnixTimestamp64Milli(toUnixTimestamp64Milli(started) + toInt64(duration_ms) + 900)',
  version: '281474976710655 - toUInt64(toUnixTimestamp64Milli(received_at))',
  counted_at: 'started',
  clock_status: "'ok'",
  id_status: "'ok'",
  service: "concat('service-', toString(feature_number % 12))",
  environment: "if(cityHash64(conversation_number, 23) % 10 = 0, 'staging', 'production')",
  provider: `${texts(MODELS.map((model) => model[0]))}[model_number]`,
  operation: OPERATION,
  request_model: `${texts(MODELS.map((model) => model[1]))}[model_number]`,
  response_model: 'request_model',
  model: 'request_model',
  service_tier: "''",
  region: "''",
  feature: "concat('feature-', toString(feature_number))",
  user: "concat('user-', toString(user_number))",
  customer: "concat('customer-', toString(cityHash64(user_number) % 5000))",
  team: "concat('team-', toString(feature_number % 8))",
  project: "concat('project-', toString(feature_number % 5))",
  agent: "if(feature_number % 4 = 0, concat('agent-', toString(feature_number % 3)), '')",
  conversation: "concat('conversation-', lower(hex(cityHash64(conversation_number, 24))))",
  tags: "if(cityHash64(conversation_number, 25) % 3 = 0, map('experiment', concat('exp-', toString(conversation_number % 7)), 'release', concat('v', toString(conversation_number % 30))), map())",
  response_id: "concat('chatcmpl-', lower(hex(cityHash64(n, 26))))",
  parent_span_id: "''",
  emitter: "'@costel/instrumentation'",
  cost_kind: "''",
  status: "if(failed, 'Error', 'Unset')",
  error_type: "if(failed, 'rate_limit_exceeded', '')",
  duration_ns: 'duration_ms * 1000000 + cityHash64(n, 27) % 1000000',
  usage_quality: "if(cityHash64(n, 28) % 50 = 0, 'estimated', 'reported')",
  usage_input: 'input - cached',
  usage_cache_read: 'cached',
  usage_output: 'output - reasoning',
  usage_reasoning: 'reasoning',
  own_usage: '[usage_input, usage_cache_read, 0, 0, 0, 0, 0, 0, 0, usage_output, usage_reasoning, 0, 0, 0, 0, 0]',
  cost_usd: `if(failed OR model_number = ${UNPRICED_MODEL}, NULL, usage_input * ${prices(3)}[model_number] + usage_cache_read * ${prices(4)}[model_number] + output * ${prices(5)}[model_number])`,
  cost_status: `multiIf(failed, 'no_usage', model_number = ${UNPRICED_MODEL}, 'unpriced', 'priced')`,
  cost_reason: `multiIf(failed, 'error', model_number = ${UNPRICED_MODEL}, 'unknown_model', '')`,
  price_source: "if(cost_status = 'priced', 'catalogue', '')",
  rate_id: "if(cost_status = 'priced', concat(provider, '/', model), '')",
  counted: '1',
  verdict: "''",
};

/** @returns {string} the statement that writes `calls` calls of one UTC day, numbered from `first` on */
export function insertSql() {
  const about = Object.entries(STEPS.about)
    .map(([name, sql]) => `${sql.replaceAll('MODELS_OPERATION', OPERATION)} AS ${name}`)
    .join(',\n    ');
  const columns = Object.entries(COLUMNS);
  return `INSERT INTO llm_calls (${columns.map(([name]) => `\`${name}\``).join(', ')})
WITH
    number AS n,
    ${about}
SELECT
    ${columns.map(([name, sql]) => `${sql} AS \`${name}\``).join(',\n    ')}
FROM numbers_mt({first:UInt64}, {calls:UInt64})
WHERE start_ms >= {from_ms:Int64} AND start_ms < {until_ms:Int64}
SETTINGS max_insert_threads = 2, max_threads = 2, max_insert_block_size = 500000, min_insert_block_size_rows = 400000`;
}

/** How the calls of a day relate to those of an average one: fewer at weekends, a third more at the end than at the start. */
function dayWeight(dayMs, share) {
  const weekday = new Date(dayMs).getUTCDay();
  return (weekday === 0 || weekday === 6 ? 0.55 : 1.18) * (0.85 + 0.3 * share);
}

/**
 * Fills the ledger up to an instant with `calls` calls in `days` days. What is there already stays: a directory that was
 * filled some days ago, or only in part, is continued at the same rate from where it ends.
 * @param {import('@costel/store').EmbeddedDatabase} db
 * @param {{ calls: number, days: number, users: number, untilMs: number, report: (text: string) => void, mustStop?: () => boolean }} options
 */
export async function generateCalls(db, { calls, days, users, untilMs, report, mustStop = () => false }) {
  const dayMs = DAY_SECONDS * 1000;
  const today = Math.floor(untilMs / dayMs) * dayMs;
  const [row] = await db.query(
    'SELECT count() AS calls, toUnixTimestamp64Milli(max(counted_at)) AS last_ms, toUnixTimestamp64Milli(min(counted_at)) AS first_ms FROM llm_calls',
  );
  const existing = Number(row.calls);
  const firstDay = existing > 0 ? Math.floor(Number(row.first_ms) / dayMs) * dayMs : today - (days - 1) * dayMs;
  // The last day is written again: it may have been interrupted, and a call that is there twice counts once.
  const fromMs = existing > 0 ? Math.floor(Number(row.last_ms) / dayMs) * dayMs : firstDay;
  const length = Math.max(days, 1);
  const weights = Array.from({ length }, (_, index) => dayWeight(firstDay + index * dayMs, index / length));
  const perWeight = calls / weights.reduce((sum, weight) => sum + weight, 0);
  let written = 0;
  for (let day = Math.floor(fromMs / dayMs) * dayMs; day <= today && !mustStop(); day += dayMs) {
    const index = (day - firstDay) / dayMs;
    const ofDay = Math.ceil(perWeight * dayWeight(day, Math.min(1, index / length)));
    const parameters = {
      day_ms: day,
      // Numbers never repeat between days, whatever their sizes.
      first: Math.round((index * 2 * calls) / length),
      calls: ofDay,
      users,
      from_ms: Math.max(0, fromMs - day),
      until_ms: Math.min(dayMs, untilMs - day),
    };
    await db.command(insertSql(), parameters);
    written += ofDay;
    report(`${new Date(day).toISOString().slice(0, 10)}: about ${written.toLocaleString('en')} calls written`);
  }
  await markAsJudged(db);
  return { existing, written };
}

/** Records that counting once has read what was generated, as it has where calls came in one after another. */
async function markAsJudged(db) {
  await db.command(
    `INSERT INTO tick_progress (task, partition_id, block, sequence)
SELECT 'judge_calls', partition_id, max(max_block_number), (SELECT max(sequence) + 1 FROM tick_progress)
FROM system.parts WHERE database = currentDatabase() AND table = 'llm_calls' AND active GROUP BY partition_id`,
  );
}
