import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Database } from '@costel/store';
import { afterEach, describe, expect, it } from 'vitest';
import { checkPipeline } from '../../src/doctor/check-pipeline.js';

/** What the store has of the marked span, look by look; the last one stays. */
type Look = Readonly<Record<'raw' | 'ledger' | 'counting', number>> & { readonly cost?: string };

function databaseOf(...looks: readonly Look[]): Database {
  let next = 0;
  const fail = (): Promise<never> => Promise.reject(new Error('the doctor only reads'));
  return {
    query: <Row extends object>() => {
      const look = looks[Math.min(next, looks.length - 1)];
      next += 1;
      const row = look && {
        raw: `${look.raw}`,
        ledger: `${look.ledger}`,
        counting: `${look.counting}`,
        cost: look.cost ?? null,
      };
      return Promise.resolve((row === undefined ? [] : [row]) as unknown as Row[]);
    },
    command: fail,
    insertFile: fail,
    insertRows: fail,
    close: () => Promise.resolve(),
  };
}

const FOUND: Look = { raw: 1, ledger: 1, counting: 0 };
const NOTHING: Look = { raw: 0, ledger: 0, counting: 0 };

describe('the marked span', () => {
  const servers: Server[] = [];
  afterEach(stop);

  async function stop(): Promise<void> {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  }

  /** A receiver that answers everything the same. */
  async function receiver(status: number, body: string): Promise<{ otlpUrl: string; bodies: string[] }> {
    const bodies: string[] = [];
    const listening = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        bodies.push(text);
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      });
    });
    servers.push(listening);
    await new Promise<void>((ready) => listening.listen(0, '127.0.0.1', ready));
    return { otlpUrl: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/`, bodies };
  }

  it('is known by its service and its operation, and costs nothing by its own word', async () => {
    const { bodies, otlpUrl } = await receiver(200, '{}');
    const finding = await checkPipeline({ otlpUrl, database: databaseOf(NOTHING, { ...NOTHING, raw: 1 }, FOUND) });
    expect(finding).toMatchObject({ check: 'pipeline', status: 'ok' });
    expect(finding.fix).toBeUndefined();
    expect(bodies).toHaveLength(1);
    for (const mark of ['"costel-doctor"', '"costel_doctor"', '"not_billable"']) expect(bodies[0]).toContain(mark);
  });

  it.each([
    ['is not stored', NOTHING, 'acknowledged a span that is not stored', 'otelcol_exporter_queue_size'],
    ['stops before the ledger', { ...NOTHING, raw: 1 }, 'the ledger has no row of it', 'costel repair'],
    ['counts as a call', { ...FOUND, counting: 1 }, 'counts as a call', 'costel migrate'],
    ['has a cost', { ...FOUND, cost: '0.01' }, 'counts as a call', 'costel migrate'],
  ])('that %s is a problem with a fix', async (_, look, detail, fix) => {
    const { otlpUrl } = await receiver(200, '{}');
    const finding = await checkPipeline({ otlpUrl, database: databaseOf(look), arrivalTimeoutMs: 1 });
    expect(finding).toEqual({
      check: 'pipeline',
      status: 'problem',
      detail: expect.stringContaining(detail) as unknown,
      fix: expect.stringContaining(fix) as unknown,
    });
  });

  it.each([
    [429, '{"code":8,"message":"too much is waiting"}', 'HTTP 429', 'overloaded'],
    [503, '{}', 'HTTP 503', 'overloaded'],
    [404, 'not here', 'HTTP 404: not here', '--otlp-endpoint'],
    [200, '{"partialSuccess":{"rejectedSpans":"1"}}', 'rejected the span', 'update'],
  ])('that is answered with %i is a problem with a fix', async (status, body, detail, fix) => {
    const { otlpUrl } = await receiver(status, body);
    const finding = await checkPipeline({ otlpUrl, database: databaseOf(FOUND) });
    expect([finding.status, finding.detail, finding.fix]).toEqual([
      'problem',
      expect.stringContaining(detail),
      expect.stringContaining(fix),
    ]);
  });

  it('that reaches nobody names the address and the flag that changes it', async () => {
    const { otlpUrl } = await receiver(200, '{}');
    await stop();
    const finding = await checkPipeline({ otlpUrl, database: databaseOf(FOUND) });
    expect(finding.detail).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/traces cannot be reached: .*ECONNREFUSED/);
    expect(finding.fix).toContain('--otlp-endpoint');
  });
});
