// The few questions that the demo asks Costel's API (`/api/v1`), and what it needs of the answers.

/**
 * @typedef {object} CostFigures
 * @property {string} cost_usd
 * @property {number} calls
 * @property {number} input_tokens
 * @property {number} output_tokens
 * @property {number} unpriced_calls
 * @property {number} estimated_calls
 */

/** @typedef {{ total: CostFigures, groups: (CostFigures & { key: Record<string, string> })[] }} CostSummary */

/**
 * @typedef {object} BudgetState
 * @property {string} name
 * @property {{ start: string, end: string }} period
 * @property {string} limit_usd
 * @property {string} spent_usd
 * @property {number[]} thresholds
 */

/**
 * @typedef {object} FiredAlert
 * @property {string} [budget]
 * @property {number} [threshold]
 * @property {{ start: string }} [period]
 * @property {string} started_at
 */

/** Nothing listens where the stack should be. */
export class StackNotRunningError extends Error {
  /** @param {string} url @param {unknown} cause */
  constructor(url, cause) {
    super(
      `nothing answers at ${url}: start the stack with "npm start" in another terminal and wait until it is ready`,
      {
        cause,
      },
    );
  }
}

/**
 * @param {string} apiUrl e.g. `http://127.0.0.1:4320`
 */
export function costelApi(apiUrl) {
  /** @param {string} path @param {Record<string, string>} [parameters] @returns {Promise<unknown>} */
  const get = async (path, parameters = {}) => {
    const url = new URL(`/api/v1/${path}`, apiUrl);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    const response = await fetch(url).catch((/** @type {unknown} */ error) => {
      throw new StackNotRunningError(apiUrl, error);
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`GET ${url.pathname}${url.search} answered ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  };
  return {
    /** Waits until the stack says that it can serve. @param {number} patienceMs */
    waitUntilReady: async (patienceMs) => {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        try {
          return void (await get('ready'));
        } catch (error) {
          if (error instanceof StackNotRunningError || Date.now() > deadline) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    },
    /** @param {Record<string, string>} parameters @returns {Promise<CostSummary>} */
    summary: async (parameters) => /** @type {CostSummary} */ (await get('costs/summary', parameters)),
    /** @returns {Promise<BudgetState[]>} */
    budgets: async () => /** @type {{ budgets: BudgetState[] }} */ (await get('budgets')).budgets,
    /** @returns {Promise<FiredAlert[]>} what has fired lately, newest first */
    alerts: async () => /** @type {{ alerts: FiredAlert[] }} */ (await get('alerts')).alerts,
  };
}
