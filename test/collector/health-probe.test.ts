import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.mjs';
import { collectorDirectory, startCollector, type RunningCollector } from './support/collector.js';

describe('the health probe of the collector’s image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'costel-probe-'));
  const binary = join(folder, 'probe');
  let collector: RunningCollector;

  beforeAll(async () => {
    const build = spawnSync('go', ['build', '-C', join(collectorDirectory, 'probe'), '-o', binary, '.'], {
      encoding: 'utf8',
    });
    if (build.status !== 0) throw new Error(`the probe does not build: ${build.stderr}`);
    // Healthy without ClickHouse: it takes and keeps data meanwhile, and a restart would help nobody.
    const clickhouseUrl = `http://127.0.0.1:${await freePort()}`;
    collector = await startCollector({ clickhouseUrl, password: 'none', queueDirectory: join(folder, 'queue') });
  });
  afterAll(async () => {
    await collector?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const probe = (endpoint: string) =>
    spawnSync(binary, { encoding: 'utf8', env: { HEALTH_ENDPOINT: endpoint } }).status;

  it('succeeds while the collector is well, also where it listens on all addresses', () => {
    expect(probe(collector.healthEndpoint)).toBe(0);
    expect(probe(collector.healthEndpoint.replace('127.0.0.1', '0.0.0.0'))).toBe(0);
  });

  it('fails where nothing answers, and says which endpoint is none', async () => {
    expect(probe(`127.0.0.1:${await freePort()}`)).toBe(1);
    expect(probe('nonsense')).toBe(2);
  });
});
