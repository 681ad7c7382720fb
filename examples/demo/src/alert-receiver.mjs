// A local webhook receiver, such as a team would have behind a URL of theirs.
import { createServer } from 'node:http';
import { readBody } from './provider/wire.mjs';

/**
 * The parts of a webhook alert that the demo shows.
 * @typedef {object} Alert
 * @property {string} idempotency_key
 * @property {string} kind
 * @property {string} state
 * @property {string} [budget]
 * @property {{ start: string, end: string }} [period]
 * @property {number} [threshold]
 * @property {string} spent_usd
 * @property {string} [limit_usd]
 * @property {string} message
 */

/**
 * @param {{ port: number, onAlert: (alert: Alert) => void }} options
 * @returns {Promise<{ port: number, alerts: Alert[], close: () => Promise<void> }>} `alerts` holds each one once, by
 *   its idempotency key, as every receiver of webhooks should
 * @throws the error of `listen`, e.g. with code EADDRINUSE
 */
export async function startAlertReceiver({ port, onAlert }) {
  /** @type {Map<string, Alert>} */
  const alerts = new Map();
  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  const receive = async (request, response) => {
    const alert = /** @type {Alert} */ (JSON.parse(await readBody(request)));
    const key = String(request.headers['idempotency-key'] ?? alert.idempotency_key);
    if (!alerts.has(key)) {
      alerts.set(key, alert);
      onAlert(alert);
    }
    response.writeHead(204).end();
  };
  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.writeHead(400).end());
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    port: address.port,
    get alerts() {
      return [...alerts.values()];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
