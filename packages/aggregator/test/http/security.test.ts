import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.js';
import { isHostAllowed } from '../../src/http/security.js';

const parent = mkdtempSync(join(tmpdir(), 'costel-web-'));
const web = join(parent, 'web');
mkdirSync(web);
writeFileSync(join(parent, 'secret.txt'), 'secret');
writeFileSync(join(web, 'index.html'), '<!doctype html><title>Costel</title>');
writeFileSync(join(web, 'page.js'), 'export {};');
writeFileSync(join(web, '.hidden'), 'secret');

const app = createApp({
  endpoints: [],
  access: { host: '127.0.0.1', allowedHosts: ['costel.example.com'] },
  clock: () => 0,
  log: () => undefined,
  webDirectory: web,
  renderMetrics: () => Promise.resolve('costel_up 1\n'),
});

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return app.request(
    new Request(`http://localhost:4320${path}`, { method, headers: { host: 'localhost:4320', ...headers } }),
  );
}

async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { code: unknown }).code;
}

describe('who may ask', () => {
  it.each([
    ['localhost:4320', true],
    ['127.0.0.1:4320', true],
    ['[::1]:4320', true],
    ['LOCALHOST', true],
    ['costel.example.com', true],
    ['evil.example.com', false],
    ['localhost.evil.example.com:4320', false],
    ['192.168.1.5:4320', false],
    ['', false],
  ])('host %j: %s', (host, allowed) => {
    expect(isHostAllowed(host, { host: '127.0.0.1', allowedHosts: ['costel.example.com'] })).toBe(allowed);
  });

  it('serves any bare address when it listens on all, but no unknown name', () => {
    const rules = { host: '0.0.0.0', allowedHosts: [] };
    expect(isHostAllowed('192.168.1.5:4320', rules)).toBe(true);
    expect(isHostAllowed('[fe80::1]:4320', rules)).toBe(true);
    expect(isHostAllowed('evil.example.com', rules)).toBe(false);
  });

  it('refuses a name that leads here by DNS rebinding', async () => {
    const response = await ask('/api/v1/metrics', { host: 'evil.example.com' });
    expect(response.status).toBe(403);
    expect(await codeOf(response)).toBe('host_not_allowed');
  });

  it.each([
    { origin: 'http://evil.example.com' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  ])('refuses a page of another origin: %j', async (headers) => {
    const response = await ask('/api/v1/metrics', headers as Record<string, string>);
    expect(response.status).toBe(403);
    expect(await codeOf(response)).toBe('origin_not_allowed');
  });

  it.each([
    { origin: 'http://localhost:4320' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    {},
  ])('serves our own page, a program, and a followed link: %j', async (headers) => {
    expect((await ask('/api/v1/metrics', headers as Record<string, string>)).status).toBe(200);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s', async (method) => {
    const response = await ask('/api/v1/metrics', {}, method);
    expect(response.status).toBe(405);
    expect(await codeOf(response)).toBe('method_not_allowed');
  });
});

describe('the page', () => {
  it('is served at / with a policy that allows only its own scripts', async () => {
    const response = await ask('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is not sent again while it has not changed', async () => {
    const etag = (await ask('/page.js')).headers.get('etag') ?? '';
    expect((await ask('/page.js', { 'if-none-match': etag })).status).toBe(304);
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/.hidden',
    '/page.js%00.html',
    '/%ff',
    '//etc/passwd',
    '/nothing.js',
  ])('gives away nothing else: %s', async (path) => {
    const response = await ask(path);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('secret\n');
  });
});

it('errors carry the security headers too', async () => {
  const response = await ask('/api/v1/nothing');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await codeOf(response)).toBe('not_found');
});
