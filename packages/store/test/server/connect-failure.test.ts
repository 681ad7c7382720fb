import { createServer as createHttpServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectDatabase } from '../../src/server/server-database.js';

const open: Server[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answering(listener: RequestListener): Promise<string> {
  return listen(createHttpServer(listener));
}

async function failure(url: string, password = ''): Promise<{ message: string; code: string; retryable: boolean }> {
  return connectDatabase({ url, password, requestTimeoutMs: 500 }).then(
    () => ({ message: 'connected', code: '', retryable: false }),
    (error: { message: string; code: string; retryable: boolean }) => error,
  );
}

describe('a server that cannot be used is named in one sentence with the reason and what to do', () => {
  it('when nothing listens', async () => {
    const server = createServer();
    const host = await listen(server);
    open.pop();
    await new Promise((resolve) => server.close(resolve));
    expect(await failure(`http://user:hidden@${host}/`)).toMatchObject({
      code: 'unreachable',
      retryable: true,
      message: `ClickHouse at http://${host} does not answer (connection refused): start it, or correct the address in CLICKHOUSE_URL`,
    });
  });

  it('when the name is unknown', async () => {
    const { message } = await failure('http://no-such-host.invalid:8123');
    expect(message).toMatch(
      /^ClickHouse at http:\/\/no-such-host\.invalid:8123 does not answer \((?:unknown host name|the host name could not be looked up)\): /,
    );
  });

  it('when it never answers', async () => {
    const { message, retryable } = await failure(`http://${await answering(() => undefined)}`);
    expect(message).toContain('does not answer (timed out)');
    expect(retryable).toBe(true);
  });

  it('when it hangs up', async () => {
    const host = await listen(createServer((socket) => socket.destroy()));
    expect((await failure(`http://${host}`)).message).toContain('does not answer (connection reset)');
  });

  it('when it is something else', async () => {
    const host = await answering((_, response) => response.writeHead(404).end('<html>\nnot found\n</html>'));
    const { message, code } = await failure(`http://${host}`);
    expect(code).toBe('unreachable');
    expect(message).toMatch(new RegExp(`^what answers at http://${host} is no ClickHouse HTTP interface \\(`));
    expect(message).not.toContain('\n');
  });

  it('when it does not know the password, which is not printed', async () => {
    const body = 'Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)\n';
    const host = await answering((_, response) =>
      response.writeHead(403, { 'X-ClickHouse-Exception-Code': '516' }).end(body),
    );
    const { message, code } = await failure(`http://${host}`, 'hidden-password');
    expect(code).toBe('authentication_failed');
    expect(message).toContain('refuses the password of the user default: set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD');
    expect(message).not.toContain('hidden');
  });

  it('when the user may not create the database', async () => {
    const body = 'Code: 497. DB::Exception: default: Not enough privileges. (ACCESS_DENIED)\n';
    const host = await answering((_, response) => response.writeHead(403).end(body));
    expect((await failure(`http://${host}`)).message).toContain(
      'does not let the user default create the database costel: grant it',
    );
  });

  it('when the address is none', async () => {
    const { message } = await failure('clickhouse:8123');
    expect(message).toMatch(/CLICKHOUSE_URL|HTTP/);
    expect(message).not.toContain('\n');
  });
});
