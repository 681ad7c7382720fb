// An application whose calls are held to budgets. Told by messages what to do, so that several run in step.
import { budgetGuard, BudgetExceededError } from '@costel/instrumentation';
import { register, withCostAttribution } from '@costel/node';

const { otlpUrl, costelUrl, token, providerUrl, guardOptions } = JSON.parse(process.argv[2]);
const handle = register({ serviceName: 'guarded', endpoint: otlpUrl, traceExportDelayMs: 100 });
const { default: OpenAI } = await import('openai');
const client = new OpenAI({ apiKey: 'k', baseURL: `${providerUrl}/v1`, maxRetries: 0 });
const guard = budgetGuard({ url: costelUrl, token, ...guardOptions });

async function call({ feature, characters, maxTokens, stream }) {
  const request = {
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'x'.repeat(characters) }],
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  };
  return withCostAttribution({ feature }, async () => {
    if (stream !== true) return client.chat.completions.create(request);
    for await (const _ of await client.chat.completions.create({ ...request, stream: true }));
    return undefined;
  });
}

const isRefusal = (error) => error instanceof BudgetExceededError && error.code === 'budget_exceeded';

const COMMANDS = {
  ready: () => guard.ready(120_000),
  refresh: () => guard.refresh(),
  status: () => guard.status(),
  /** Makes calls at once. */
  burst: async ({ calls, ...one }) => {
    const results = await Promise.allSettled(Array.from({ length: calls }, () => call(one)));
    return {
      made: results.filter(({ status }) => status === 'fulfilled').length,
      refused: results.filter(({ reason }) => isRefusal(reason)).length,
      otherErrors: results.flatMap(({ reason }) => (reason === undefined || isRefusal(reason) ? [] : [String(reason)])),
    };
  },
  /** Makes calls one after another until one is refused. */
  exhaust: async (one) => {
    let made = 0;
    for (;;) {
      try {
        await call(one);
        made += 1;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        return { made, refusal: { ...error, message: error.message } };
      }
    }
  },
  /** Begins calls and does not wait for them. */
  begin: ({ calls, ...one }) => {
    for (let index = 0; index < calls; index += 1) void call(one).catch(() => undefined);
    return true;
  },
  flush: () => handle.forceFlush(),
};

async function answer({ id, command, options }) {
  try {
    process.send({ id, result: await COMMANDS[command](options) });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
}

process.on('message', (message) => void answer(message));
process.send({ id: 0, result: 'started' });
