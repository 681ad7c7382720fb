import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { describe, expect, it, vi } from 'vitest';
import { deliverInBackground } from '../src/background-delivery.js';
import { OutageReport } from '../src/outage-report.js';

const OK: ExportResult = { code: ExportResultCode.SUCCESS };
const FAILED: ExportResult = { code: ExportResultCode.FAILED, error: new Error('away') };
const refusedWith = (code: number): ExportResult => ({
  code: ExportResultCode.FAILED,
  error: Object.assign(new Error('no'), { code }),
});

/** An exporter whose answers are given by the test. */
class FakeExporter {
  readonly sent: string[][] = [];
  answer: ExportResult = OK;
  isShutDown = false;

  export(batch: string[], done: (result: ExportResult) => void): void {
    this.sent.push(batch);
    done(this.answer);
  }

  async shutdown(): Promise<void> {
    this.isShutDown = true;
  }
}

function deliver(maxWaiting = 4) {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const exporter = new FakeExporter();
  const onDropped = vi.fn<(size: number) => void>();
  const target: FakeExporter & { forceFlush?(): Promise<void> } = deliverInBackground(
    exporter,
    new OutageReport('http://receiver'),
    { sizeOf: (batch: string[]) => batch.length, maxWaiting, onDropped },
  );
  const take = (...batch: string[]) => {
    const done = vi.fn<(result: ExportResult) => void>();
    target.export(batch, done);
    expect(done).toHaveBeenCalledWith(OK);
  };
  return { exporter, target, take, onDropped, warn, flush: async () => target.forceFlush?.() };
}

describe('background delivery', () => {
  it('answers at once and sends in order', async () => {
    const { exporter, take, flush } = deliver();
    take('a');
    take('b');
    await flush();
    expect(exporter.sent).toEqual([['a'], ['b']]);
  });

  it('keeps what fails, says so once, and sends it first when the receiver is back', async () => {
    const { exporter, take, flush, warn } = deliver();
    exporter.answer = FAILED;
    take('a');
    await flush();
    take('b');
    await flush();
    exporter.answer = OK;
    exporter.sent.length = 0;
    await flush();
    expect(exporter.sent).toEqual([['a'], ['b']]);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('sends together what gathered while the receiver was away or slow, up to 512 a request', async () => {
    const exporter = new FakeExporter();
    const target: FakeExporter & { forceFlush?(): Promise<void> } = deliverInBackground(
      exporter,
      new OutageReport('http://receiver'),
      {
        sizeOf: (batch: string[]) => batch.length,
        maxWaiting: 2000,
        onDropped: () => undefined,
        join: (first, second) => [...first, ...second],
      },
    );
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    exporter.answer = FAILED;
    target.export(['a'], () => undefined);
    await target.forceFlush?.();
    exporter.answer = OK;
    exporter.sent.length = 0;
    const many = (name: string) => Array.from({ length: 300 }, () => name);
    for (const batch of [['b'], many('c'), many('d'), many('e')]) target.export(batch, () => undefined);
    await target.forceFlush?.();
    expect(exporter.sent).toEqual([['a', 'b', ...many('c')], many('d'), many('e')]);
  });

  it('gives up the oldest beyond its limit', async () => {
    const { exporter, take, flush, onDropped } = deliver(4);
    exporter.answer = FAILED;
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      take(name);
      await flush();
    }
    expect(onDropped.mock.calls).toEqual([[1], [1]]);
    exporter.answer = OK;
    exporter.sent.length = 0;
    await flush();
    expect(exporter.sent.flat()).toEqual(['c', 'd', 'e', 'f']);
  });

  it('does not send again what the receiver refuses, except for the moment', async () => {
    const { exporter, take, flush, onDropped } = deliver();
    exporter.answer = refusedWith(400);
    take('bad');
    await flush();
    expect(onDropped).toHaveBeenCalledWith(1);
    exporter.answer = refusedWith(429);
    take('busy');
    await flush();
    exporter.answer = OK;
    await flush();
    expect(exporter.sent).toEqual([['bad'], ['busy'], ['busy']]);
  });

  it('tries once more at shutdown', async () => {
    const { exporter, take, flush, target } = deliver();
    exporter.answer = FAILED;
    take('a');
    await flush();
    exporter.answer = OK;
    await target.shutdown();
    expect(exporter.sent.at(-1)).toEqual(['a']);
    expect(exporter.isShutDown).toBe(true);
  });

  it('takes the own retries off the exporter that is shipped', async () => {
    // Should a new version be built otherwise, this fails, and `withoutRetries` has to follow.
    const exporter = new OTLPTraceExporter({ url: 'http://127.0.0.1:9/v1/traces' });
    const transportOf = () =>
      (exporter as unknown as { _delegate: { _transport: object } })._delegate._transport.constructor.name;
    expect(transportOf()).toBe('RetryingTransport');
    deliverInBackground(exporter, new OutageReport('http://receiver/v1/traces'), {
      sizeOf: () => 1,
      maxWaiting: 1,
      onDropped: () => undefined,
    });
    expect(transportOf()).toBe('HttpExporterTransport');
  });
});
