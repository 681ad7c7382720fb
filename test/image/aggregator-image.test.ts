import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack, waitFor, type RunningStack } from '../support/stack.js';
import { stackTarget } from '../collector/support/collector.js';

/*
 * What deploy/aggregator.Dockerfile builds, without a container engine: its COPY and RUN lines in a folder, and the result
 * started as its USER would be, with no capability, on a file system that is mounted read-only.
 */

const root = resolve(import.meta.dirname, '../..');
const dockerfile = readFileSync(join(root, 'deploy/aggregator.Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
const [buildStage = '', runStage = ''] = dockerfile.split(/^FROM .*$/m).slice(1);
const linesOf = (stage: string, word: string): string[] =>
  [...stage.matchAll(new RegExp(String.raw`^${word} (.*)$`, 'gm'))].map(([, line = '']) => line);

const MEBIBYTE = 1024 * 1024;
const NOBODY = '65534';
/** What a clone does not have, or what another build has left. */
const LEFT_OUT = new Set(['node_modules', 'dist', '.cache', '.git', 'coverage']);

function sizeBytes(path: string): number {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return 0;
  return entry.isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeBytes(join(path, name)), 0)
    : entry.size;
}

describe('the image of the aggregator', () => {
  const folder = mkdtempSync(join(tmpdir(), 'costel-image-'));
  const build = join(folder, 'build');
  const app = join(folder, 'app');
  let stack: RunningStack;
  let aggregator: ChildProcess | undefined;

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    mkdirSync(build);
    for (const line of linesOf(buildStage, 'COPY')) {
      const words = line.split(' ');
      for (const source of words.slice(0, -1)) {
        const target = words.at(-1) === './' ? join(build, basename(source)) : join(build, words.at(-1) ?? '');
        mkdirSync(dirname(target), { recursive: true });
        cpSync(join(root, source), target, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
      }
    }
    for (const command of linesOf(buildStage, 'RUN')) {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: build, encoding: 'utf8' });
      if (status !== 0) throw new Error(`${command} ended with ${String(status)}:\n${stdout}\n${stderr}`);
    }
    mkdirSync(app);
    for (const line of linesOf(runStage, 'COPY')) {
      const [source = '', target = ''] = line.replace('--from=build ', '').split(' ');
      const from = source.replace(/^\/build/, build);
      cpSync(from, target === './' ? join(app, basename(source)) : join(app, target), {
        recursive: true,
        verbatimSymlinks: true,
      });
    }
    stack = await startStack();
  }, 600_000);
  afterAll(async () => {
    const ended = aggregator && new Promise((closed) => aggregator?.once('close', closed));
    aggregator?.kill('SIGTERM');
    await ended;
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The command as the image starts it: nobody, without capabilities, its tree mounted read-only. */
  function inImage(args: readonly string[]): { readonly command: string; readonly args: readonly string[] } {
    const [entrypoint = '[]'] = linesOf(runStage, 'ENTRYPOINT');
    const program = JSON.parse(entrypoint) as string[];
    const mount = `mount --bind "${app}" "${app}" && mount -o remount,bind,ro "${app}" && cd "${app}"`;
    const asNobody = `exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups --no-new-privs --bounding-set=-all "$@"`;
    return { command: 'unshare', args: ['--mount', 'sh', '-c', `${mount} && ${asNobody}`, 'sh', ...program, ...args] };
  }

  it('is small: no engine, no instrumentation, no sources', () => {
    expect(sizeBytes(app) / MEBIBYTE).toBeLessThan(60);
    const modules = readdirSync(join(app, 'node_modules'));
    for (const name of ['chdb', '@chdb', '@opentelemetry', 'vitest', 'typescript']) expect(modules).not.toContain(name);
    expect(readdirSync(join(app, 'packages/cli'))).not.toContain('src');
  });

  it('serves as nobody, without capabilities, on a file system that it cannot write to', async () => {
    const { clickhouseUrl, password } = stackTarget(stack);
    const config = join(folder, 'costel.yaml');
    writeFileSync(config, 'server:\n  port: 0\n');
    chmodSync(config, 0o644);
    const env = {
      PATH: process.env['PATH'],
      CLICKHOUSE_URL: clickhouseUrl,
      CLICKHOUSE_USER: 'costel',
      CLICKHOUSE_PASSWORD: password,
    };
    const { args, command } = inImage(['aggregator', '--config', config]);
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    aggregator = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const url = (): string | undefined => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
    await waitFor(() => {
      if (child.exitCode !== null) throw new Error(`the aggregator ended with ${child.exitCode}:\n${output}`);
      return url() !== undefined;
    }, 'the aggregator to listen');
    const ready = async () => (await fetch(`${url() ?? ''}/api/v1/ready`)).ok;
    await waitFor(ready, `the aggregator to be ready; it printed:\n${output}`);
    expect((await fetch(`${url() ?? ''}/`)).status).toBe(200);
    const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
    expect(status).toMatch(new RegExp(String.raw`^Uid:\s+${NOBODY}\s+${NOBODY}`, 'm'));
    expect(status).toMatch(/^CapBnd:\s+0+$/m);
  });

  it('cannot write into its own tree', () => {
    const { args, command } = inImage([]);
    const write = [...args.slice(0, 5), 'sh', '-c', 'touch packages/x 2>&1'];
    const { status, stdout } = spawnSync(command, write, { encoding: 'utf8' });
    expect([status === 0, stdout]).toEqual([false, expect.stringContaining('Read-only file system')]);
  });
});
