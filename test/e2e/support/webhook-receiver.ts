import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a webhook alert says of a budget. */
export interface ReceivedAlert {
  readonly idempotency_key: string;
  readonly state: string;
  readonly budget?: string;
  readonly threshold?: number;
  readonly period?: { readonly start: string };
}

/** Counts every POST, duplicates too. */
export async function startWebhookReceiver() {
  const posts: ReceivedAlert[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      posts.push(JSON.parse(text) as ReceivedAlert);
      response.writeHead(200).end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`,
    posts,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
