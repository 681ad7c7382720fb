import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { NotifyError } from '../../src/error.js';
import { post } from '../../src/webhook/post.js';
import { createWebhookChannel, type WebhookChannelOptions } from '../../src/webhook/webhook-channel.js';
import { alertOf, NOON_MS, notificationOf } from '../alert-fixtures.js';
import { Receiver, respond } from '../receiver.js';

let receiver: Receiver;

beforeEach(async () => {
  receiver = await Receiver.start();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await receiver.stop();
});

function open(more: Partial<WebhookChannelOptions> = {}): ReturnType<typeof createWebhookChannel> {
  return createWebhookChannel({
    name: 'hook',
    url: receiver.url,
    isPrivateAllowed: true,
    sendTimeoutMs: 60_000,
    clock: () => NOON_MS,
    ...more,
  });
}

describe('a webhook', () => {
  it('posts the alert as JSON with its idempotency key in body and header', async () => {
    expect(await open().send(notificationOf())).toEqual({ isDelivered: true });
    const [received] = receiver.received;
    expect(received?.key).toBe('k1');
    expect(received?.body).toMatchObject({ id: 'a1', idempotency_key: 'k1', state: 'firing', spent_usd: '7.6' });
    expect(received?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'costel',
    });
  });

  it.each([
    [200, true, undefined],
    [204, true, undefined],
    [408, false, true],
    [425, false, true],
    [429, false, true],
    [500, false, true],
    [503, false, true],
    [400, false, false],
    [401, false, false],
    [404, false, false],
    [410, false, false],
  ])('takes HTTP %d as delivered %s, worth another try %s', async (status, isDelivered, isRetryable) => {
    receiver.answer = (response) => {
      response.writeHead(status).end(status === 204 ? undefined : 'body');
    };
    const result = await open().send(notificationOf());
    expect(result.isDelivered).toBe(isDelivered);
    if (!result.isDelivered) expect(result).toMatchObject({ isRetryable, reason: `HTTP ${status}` });
  });

  it('passes on how long the receiver wants to be left alone', async () => {
    receiver.answer = respond(429, { 'retry-after': '7' });
    expect(await open().send(notificationOf())).toMatchObject({ isRetryable: true, retryAfterMs: 7000 });
    receiver.answer = respond(503, { 'retry-after': 'Sun, 22 Nov 2026 12:00:10 GMT' });
    expect(await open().send(notificationOf())).toMatchObject({ retryAfterMs: 10_000 });
  });

  it('gives up on a receiver that does not answer in time', async () => {
    receiver.answer = () => {};
    const result = await open({ sendTimeoutMs: 100 }).send(notificationOf());
    expect(result).toEqual({ isDelivered: false, isRetryable: true, reason: 'no answer within 100 ms' });
  });

  it('gives up on a resolver that does not answer in time', async () => {
    const never = new Promise<never>(() => {});
    const channel = open({ url: 'http://hook.example/', sendTimeoutMs: 50, resolveHost: () => never });
    expect(await channel.send(notificationOf())).toMatchObject({ isRetryable: true, reason: 'no answer within 50 ms' });
  });

  it('takes the status line as the answer, however the body ends', async () => {
    receiver.answer = (response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('x', () => response.destroy());
    };
    expect(await open().send(notificationOf())).toEqual({ isDelivered: true });
  });

  it('cuts off an answer without end', async () => {
    let isCut = false;
    receiver.answer = (response) => {
      response.writeHead(200);
      response.on('close', () => (isCut = true));
      response.on('drain', () => response.write('x'.repeat(1_000_000)));
      response.write('x'.repeat(1_000_000));
    };
    expect(await open().send(notificationOf())).toEqual({ isDelivered: true });
    await expect.poll(() => isCut).toBe(true);
  });

  it('can be tried again where nobody listens, the name is unknown or TLS fails', async () => {
    const { port } = receiver;
    const notTls = await open({ url: `https://127.0.0.1:${port}/` }).send(notificationOf());
    expect(notTls).toMatchObject({ isDelivered: false, isRetryable: true });
    const resolveHost = (): Promise<never> => Promise.reject(Object.assign(new Error('secret'), { code: 'ENOTFOUND' }));
    expect(await open({ url: 'http://hook.example/', resolveHost }).send(notificationOf())).toEqual({
      isDelivered: false,
      isRetryable: true,
      reason: 'ENOTFOUND',
    });
    const channel = open();
    await receiver.stop();
    expect(await channel.send(notificationOf())).toMatchObject({ isRetryable: true, reason: 'ECONNREFUSED' });
    receiver = await Receiver.start();
  });

  it('does not send a body that no receiver would take', async () => {
    const alert = alertOf('a1', { message: 'x'.repeat(300_000) });
    const result = await open().send(notificationOf({ alert }));
    expect(result).toMatchObject({ isDelivered: false, isRetryable: false });
    expect(receiver.connections).toBe(0);
  });

  it.each([
    ['ftp://host/x', 'scheme "ftp:"'],
    ['file:///etc/passwd', 'scheme "file:"'],
    ['not a url with s3cret', 'is not a URL'],
  ])('refuses the url %s and does not repeat it', (url, reason) => {
    expect(() => open({ url })).toThrow(NotifyError);
    expect(() => open({ url })).toThrow(reason);
    expect(() => open({ url })).not.toThrow('s3cret');
  });

  it.each([0, -1, 1.5, 300_001, Number.NaN])('refuses a time-out of %d ms', (sendTimeoutMs) => {
    expect(() => open({ sendTimeoutMs })).toThrow('must be a whole number from 1 to 300000');
  });
});

describe('a webhook that may not reach private addresses', () => {
  it.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://LOCALHOST:PORT/',
    'http://[::1]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://[64:ff9b::7f00:1]:PORT/',
    'http://0.0.0.0:PORT/',
    'http://0:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f000001:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://127.1:PORT/',
    'http://0x7f.1:PORT/',
    'http://user:pass@127.0.0.1:PORT/',
    'http://①②⑦.0.0.1:PORT/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://192.168.0.1/',
    'http://100.64.0.1/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'https://[2002:7f00:1::]/',
  ])('opens no connection to %s', async (template) => {
    const connect = vi.spyOn(Socket.prototype, 'connect');
    const url = template.replace('PORT', String(receiver.port));
    const result = await open({ url, isPrivateAllowed: false }).send(notificationOf());
    expect(result).toMatchObject({ isDelivered: false });
    expect(result.isDelivered ? '' : result.reason).toContain('is not a public address');
    expect(connect).not.toHaveBeenCalled();
    expect(receiver.connections).toBe(0);
  });

  it.each([
    [['127.0.0.1']],
    [['169.254.169.254']],
    [['::1']],
    [['93.184.216.34', '10.0.0.1']],
    [['2606:4700::1', '::ffff:7f00:1']],
  ])(
    'opens no connection to a name with the addresses %s, and may try again when the name is right',
    async (addresses) => {
      const connect = vi.spyOn(Socket.prototype, 'connect');
      const resolveHost = (): Promise<{ address: string; family: number }[]> =>
        Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
      const channel = open({ url: `http://hook.example:${receiver.port}/`, isPrivateAllowed: false, resolveHost });
      expect(await channel.send(notificationOf())).toMatchObject({ isDelivered: false, isRetryable: true });
      expect(connect).not.toHaveBeenCalled();
    },
  );

  it('follows no redirect', async () => {
    const inside = await Receiver.start();
    receiver.answer = respond(307, { location: inside.url });
    const result = await open().send(notificationOf());
    expect(result).toMatchObject({
      isDelivered: false,
      isRetryable: false,
      reason: expect.stringContaining('redirects'),
    });
    expect(inside.connections).toBe(0);
    await inside.stop();
  });

  it('resolves a name once a send and connects to the address that was checked', async () => {
    const resolved = vi.fn(() => Promise.resolve([{ address: '127.0.0.1', family: 4 }]));
    // Nothing but the pinned address leads to the receiver: the name exists nowhere.
    const channel = open({ url: `http://hook.invalid:${receiver.port}/alerts`, resolveHost: resolved });
    expect(await channel.send(notificationOf())).toEqual({ isDelivered: true });
    expect(resolved).toHaveBeenCalledTimes(1);
    expect(receiver.received[0]?.headers.host).toBe(`hook.invalid:${receiver.port}`);
  });

  it('is pinned even where the connection asks for all addresses', async () => {
    const answer = await post({
      url: new URL(`http://hook.invalid:${receiver.port}/alerts`),
      address: { address: '127.0.0.1', family: 4 },
      headers: { 'idempotency-key': 'k9' },
      body: '{}',
      signal: AbortSignal.timeout(60_000),
    });
    expect(answer.status).toBe(200);
    expect(receiver.keys).toEqual(['k9']);
  });
});
