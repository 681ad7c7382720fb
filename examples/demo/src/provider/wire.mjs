// Writing answers to the wire.

/** @param {import('node:http').ServerResponse} response @param {number} status @param {object} body */
export function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/**
 * Sends server-sent events one by one with a pause between them, as a model that is still writing does.
 * @param {import('node:http').ServerResponse} response
 * @param {{ events: Iterable<string>, pauseMs: number, headers?: Record<string, string> }} options events as they stand on the wire
 * @returns {Promise<number>} how many events were sent before the reader left
 */
export async function sendEvents(response, { events, pauseMs, headers = {} }) {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    ...headers,
  });
  let sent = 0;
  for (const event of events) {
    if (response.destroyed) return sent;
    response.write(event);
    sent += 1;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  response.end();
  return sent;
}

/** @param {import('node:http').IncomingMessage} request @returns {Promise<string>} */
export async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
