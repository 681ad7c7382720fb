import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const composeFile = join(root, 'docker-compose.yml');
const folder = mkdtempSync(join(tmpdir(), 'costel-compose-'));
const loader = join(folder, 'loader');

// Built apart, for Go tells of what it downloads where the loader tells of the file.
beforeAll(() => {
  const build = spawnSync('go', ['build', '-C', join(import.meta.dirname, 'compose'), '-o', loader, '.'], {
    encoding: 'utf8',
  });
  if (build.status !== 0) throw new Error(`the Compose loader does not build: ${build.stderr}`);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const passwords = { COSTEL_WRITE_PASSWORD: 'w', COSTEL_READ_PASSWORD: 'r', GRAFANA_ADMIN_PASSWORD: 'g' };

/** Loads a Compose file with the specification's own loader. */
function load(file: string | readonly string[], environment: Readonly<Record<string, string>> = passwords) {
  // The passwords are the test's, all else is the machine's business.
  const inherited = Object.entries(process.env).filter(([name]) => !(name in passwords));
  const { status, stdout, stderr } = spawnSync(loader, [file].flat(), {
    encoding: 'utf8',
    env: { ...Object.fromEntries(inherited), ...environment },
  });
  return { ok: status === 0, stdout, stderr };
}

describe('docker-compose.yml, read by the Compose specification’s loader', () => {
  it('is valid, and every variable and reference in it resolves', () => {
    const { ok, stdout, stderr } = load(composeFile);
    expect(stderr).toBe('');
    expect(ok).toBe(true);
    const { services } = JSON.parse(stdout) as { services: Record<string, { environment: Record<string, string> }> };
    expect(Object.keys(services)).toEqual(['aggregator', 'clickhouse', 'collector', 'grafana', 'migrate']);
    expect(services['collector']?.environment['CLICKHOUSE_PASSWORD']).toBe('w');
    expect(services['grafana']?.environment['COSTEL_READ_PASSWORD']).toBe('r');
  });

  it.each(Object.keys(passwords))('does not start without %s, and says so', (name) => {
    const others = Object.fromEntries(Object.entries(passwords).filter(([other]) => other !== name));
    const { ok, stderr } = load(composeFile, others);
    expect(ok).toBe(false);
    expect(stderr).toContain(`set ${name}`);
  });

  it('sends on to a second back end with deploy/compose.tail.yaml, which names one', () => {
    const files = [composeFile, join(root, 'deploy/compose.tail.yaml')];
    const { ok, stdout } = load(files, { ...passwords, TAIL_ENDPOINT: 'http://tail:4318' });
    expect(ok).toBe(true);
    const { services } = JSON.parse(stdout) as {
      services: Record<string, { command: string[]; environment: Record<string, string> }>;
    };
    const { command, environment } = services['collector'] ?? { command: [], environment: {} };
    expect(environment).toMatchObject({ TAIL_ENDPOINT: 'http://tail:4318', CLICKHOUSE_PASSWORD: 'w' });
    const configs = command.filter((word) => word !== '--config').map((path) => path.replace('/etc/otelcol/', ''));
    expect(configs).toEqual(['config.yaml', 'tail.yaml']);
    const copied = /^COPY (.*) \/etc\/otelcol\/$/m.exec(readFileSync(join(root, 'collector/Dockerfile'), 'utf8'))?.[1];
    expect(copied?.split(' ')).toEqual(expect.arrayContaining(configs));
    expect(load(files).stderr).toContain('set TAIL_ENDPOINT');
  });

  it('would be refused with a misspelt key, so the check above means something', () => {
    const file = join(folder, 'docker-compose.yml');
    writeFileSync(
      file,
      readFileSync(composeFile, 'utf8').replace('    restart: unless-stopped', '    restrat: always'),
    );
    const { ok, stderr } = load(file);
    expect(ok).toBe(false);
    expect(stderr).toContain('restrat');
  });
});
