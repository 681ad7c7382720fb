import { createServer, connect, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { formatPicoUsd, picoUsd } from '@costel/pricing';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.mjs';
import { startStack, waitFor, type RunningStack } from '../support/stack.js';
import { stackTarget, startCollector, type RunningCollector } from './support/collector.js';
import { costTotal, queryRows } from './support/read-stack.js';
import { chatCall, exportSpans, httpTraceExporter, idsOf, makeSpans } from './support/sdk-telemetry.js';

const REQUESTS = 20;
const SPANS_A_REQUEST = 50;
// gpt-4o: $2.50 a million input tokens are 2 500 000 pico-dollars a token, $10 a million output tokens 10 000 000.
const INPUT_PICO_USD = 2_500_000n;
const OUTPUT_PICO_USD = 10_000_000n;

/** Requests whose every span has another number of tokens, so that no loss can hide behind a double. */
function makeRequests(): readonly (readonly ReadableSpan[])[] {
  return Array.from({ length: REQUESTS }, (_, request) =>
    makeSpans(Array.from({ length: SPANS_A_REQUEST }, (_, span) => chatCall(1 + request * SPANS_A_REQUEST + span, 10))),
  );
}

function expectedCost(requests: readonly (readonly ReadableSpan[])[]): string {
  let pico = 0n;
  for (const { attributes } of requests.flat()) {
    pico += BigInt(Number(attributes['gen_ai.usage.input_tokens'])) * INPUT_PICO_USD;
    pico += BigInt(Number(attributes['gen_ai.usage.output_tokens'])) * OUTPUT_PICO_USD;
  }
  return formatPicoUsd(picoUsd(pico));
}

/** A door between collector and ClickHouse: while it is closed, ClickHouse is away. */
class Door {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #isOpen = false;

  constructor(targetPort: number) {
    this.#server = createServer((client) => {
      if (!this.#isOpen) {
        client.destroy();
        return;
      }
      const upstream = connect(targetPort, '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(port, '127.0.0.1', listening));
  }

  open(): void {
    this.#isOpen = true;
  }

  close(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async end(): Promise<void> {
    this.close();
    await new Promise((closed) => this.#server.close(closed));
  }
}

describe('what the collector has acknowledged', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  function temporaryDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'costel-durability-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  }

  async function expectAllThere(stack: RunningStack, requests: readonly (readonly ReadableSpan[])[]): Promise<void> {
    const cost = expectedCost(requests);
    await waitFor(async () => (await costTotal(stack)).cost_usd === cost, `a total of $${cost}`, 60_000);
    const rows = await queryRows<{ span_id: string }>(stack, 'SELECT span_id FROM llm_calls FINAL ORDER BY span_id');
    const sent = requests.flat().map((span) => idsOf(span).spanId);
    expect(rows.map((row) => row.span_id)).toEqual(sent.toSorted());
    expect(await costTotal(stack)).toMatchObject({ cost_usd: cost, calls: sent.length, unpriced_calls: 0 });
  }

  it('is all there, once, after ClickHouse was away and the collector was killed with data in its queue', async () => {
    const stack = await startStack();
    undo.push(() => stack.stop());
    const { clickhouseUrl, password } = stackTarget(stack);
    const door = new Door(Number(new URL(clickhouseUrl).port));
    const doorPort = await freePort();
    await door.listen(doorPort);
    undo.push(() => door.end());
    const target = { clickhouseUrl: `http://127.0.0.1:${doorPort}`, password, queueDirectory: temporaryDirectory() };

    const first = await startCollector(target);
    undo.push(() => first.kill());
    const requests = makeRequests();
    const exporter = httpTraceExporter(first.httpUrl);
    for (const spans of requests) await exportSpans(exporter, spans);
    await first.kill();
    expect((await costTotal(stack)).calls).toBe(0);

    const second = await startCollector(target);
    undo.push(() => second.stop());
    door.open();
    await expectAllThere(stack, requests);
  });

  it('is all there, once, after the store was killed under load and came back', async () => {
    const dataDirectory = temporaryDirectory();
    const queueDirectory = temporaryDirectory();
    const doomed = await startStack({ dataDirectory });
    undo.push(() => void doomed.process.kill('SIGKILL'));
    const collector = await startCollector({ ...stackTarget(doomed), queueDirectory });
    undo.push(() => collector.kill());
    const requests = makeRequests();
    const exporter = httpTraceExporter(collector.httpUrl);
    for (const spans of requests.slice(0, REQUESTS / 2)) await exportSpans(exporter, spans);
    await waitFor(async () => (await costTotal(doomed)).calls > 0, 'the first calls to be stored');
    const ended = new Promise((done) => doomed.process.once('close', done));
    doomed.process.kill('SIGKILL');
    for (const spans of requests.slice(REQUESTS / 2)) await exportSpans(exporter, spans);
    await ended;
    await collector.stop();

    const stack = await startStack({ dataDirectory });
    undo.push(() => stack.stop());
    const second: RunningCollector = await startCollector({ ...stackTarget(stack), queueDirectory });
    undo.push(() => second.stop());
    await expectAllThere(stack, requests);
  });
});
