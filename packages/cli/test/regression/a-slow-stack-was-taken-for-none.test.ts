import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRunningStack, writeRunFile } from '../../src/run-file.js';

// On a busy machine `costel doctor` said "no stack runs" of one that did, and other commands tried to open its directory.
describe('a directory whose run.json names a live process', () => {
  let directory: string;
  let server: Server;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'costel-silent-'));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    rmSync(directory, { recursive: true, force: true });
  });

  async function stackThat(answers: RequestListener): Promise<string> {
    server = createServer(answers);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    writeRunFile(directory, {
      pid: process.pid,
      instance: 'this one',
      token: 'none',
      host: '127.0.0.1',
      ports: { api: port, otlp: port, clickhouse: port },
      startedAt: '2026-11-23T00:00:00.000Z',
    });
    return directory;
  }

  it('is said to be silent where the process does not answer in time', async () => {
    const silent = await stackThat(() => undefined);
    await expect(findRunningStack(silent, 50)).rejects.toMatchObject({
      code: 'stack_silent',
      retryable: true,
      message: expect.stringContaining(`process ${process.pid} runs on ${silent}, but`),
    });
  });

  it('has a running stack where the process answers with its instance', async () => {
    const running = await stackThat((_, response) => response.end('{"instance":"this one"}'));
    expect(await findRunningStack(running)).toMatchObject({ pid: process.pid, instance: 'this one' });
  });

  it('has none where somebody else answers there', async () => {
    const other = await stackThat((_, response) => response.end('{"instance":"another"}'));
    expect(await findRunningStack(other)).toBeUndefined();
  });
});

describe('a directory whose run.json may not be read', () => {
  it('is not taken for one without a stack', async () => {
    const refused = mkdtempSync(join(tmpdir(), 'costel-refused-'));
    // A directory of that name stands for a file of another user: root, whom tests may run as, may read every file.
    mkdirSync(join(refused, 'run.json'));
    await expect(findRunningStack(refused)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: `${join(refused, 'run.json')} cannot be read (EISDIR): run the command as the user who started the stack`,
    });
    expect(await findRunningStack(join(refused, 'nowhere'))).toBeUndefined();
    rmSync(refused, { recursive: true });
  });
});
