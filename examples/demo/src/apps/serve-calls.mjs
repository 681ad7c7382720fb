// The seam between an example app and the demo that drives it: calls come in over the process channel, and the app
// says when each has ended. A real shop would have an HTTP server here.
import { once } from 'node:events';

/**
 * What the demo sends for one call.
 * @typedef {object} CallOrder
 * @property {string} id
 * @property {string} scenario
 * @property {string} model
 * @property {string} feature
 * @property {string} user
 * @property {string} customer
 * @property {string} team
 * @property {Record<string, string>} tags
 */

/** What the app answers. @typedef {{ id: string, endedAtMs: number, error?: string }} CallReport */

const SUBJECTS = [
  'Where is my order? It was to arrive on Tuesday, and the tracking page has not changed since Sunday evening.',
  'Which of these desks fits into a corner of 110 by 70 centimetres, and does it come with a cable tray?',
  'Write three sentences about a garden bench made of larch for people who do not want to paint it every year.',
  'Sum up the last forty reviews of the folding bicycle; name what people like and what breaks.',
  'A customer wants to return a lamp that was a present. What do we need to know, and what do we offer?',
];

/**
 * Serves calls until the demo says `stop`. Then nothing is left to do and the process ends; Costel hands the last spans
 * over by itself.
 * @param {(order: CallOrder, request: { model: string, prompt: string, headers: Record<string, string> }) => Promise<unknown>} perform
 */
export async function serveCalls(perform) {
  /** @param {CallOrder} order @returns {Promise<CallReport>} */
  const report = async (order) => {
    const prompt = SUBJECTS[Number(order.id.replace(/\D/g, '')) % SUBJECTS.length] ?? '';
    try {
      await perform(order, { model: order.model, prompt, headers: { 'x-demo-call': order.id } });
      return { id: order.id, endedAtMs: Date.now() };
    } catch (error) {
      return {
        id: order.id,
        endedAtMs: Date.now(),
        error: error instanceof Error ? (error.stack ?? '') : String(error),
      };
    }
  };
  process.on('message', (/** @type {CallOrder | 'stop'} */ message) => {
    if (message === 'stop') {
      process.disconnect();
      return;
    }
    void report(message).then((answer) => process.send?.(answer));
  });
  // The demo decides when to stop; Ctrl-C in the terminal reaches its children too.
  process.on('SIGINT', () => undefined);
  process.send?.('ready');
  await once(process, 'disconnect');
}
