// Builds the collector of collector/builder.yaml with the OpenTelemetry Collector Builder, in .cache/collector/.
// A finished binary is kept under the hash of what it was built from; a second run takes no time.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/setup.mjs';

const BUILDER_VERSION = 'v0.164.0';
const cache = join(root, '.cache', 'collector');
const manifest = join(root, 'collector', 'builder.yaml');
const lockedSums = join(root, 'collector', 'go.sum');
/** The collector's own module: `path: ./queue-storage` in the manifest. */
const queueStorage = join(root, 'collector', 'queue-storage');

/** @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: cache, stdio: ['ignore', 2, 2], env: { ...process.env, ...env } });
  if (result.error)
    throw new Error(`${command} could not be started (${result.error.message}); the collector needs Go 1.25 or newer`);
  if (result.status !== 0) throw new Error(`"${command} ${args.join(' ')}" ended with exit code ${result.status}`);
}

/**
 * Builds the collector unless this manifest has been built before.
 * @returns {string} the path of the binary
 */
export function buildCollector() {
  const source = readFileSync(manifest, 'utf8');
  const hash = createHash('sha256').update(BUILDER_VERSION).update(source);
  const sources = readdirSync(queueStorage).filter((file) => !file.endsWith('_test.go'));
  for (const file of sources.toSorted()) hash.update(readFileSync(join(queueStorage, file)));
  const output = join(cache, hash.digest('hex').slice(0, 16));
  const binary = join(output, 'otelcol-costel');
  if (existsSync(binary)) return binary;
  mkdirSync(join(cache, 'bin'), { recursive: true });
  mkdirSync(output, { recursive: true });
  process.stderr.write('Building the collector (2 to 10 minutes the first time) …\n');
  run('go', ['install', `go.opentelemetry.io/collector/cmd/builder@${BUILDER_VERSION}`], { GOBIN: join(cache, 'bin') });
  const settings = join(output, 'builder.yaml');
  const manifestHere = source
    .replace(/^dist:$/m, `dist:\n  output_path: ${JSON.stringify(output)}`)
    .replace('path: ./queue-storage', `path: ${JSON.stringify(queueStorage)}`);
  writeFileSync(settings, manifestHere);
  const builder = join(cache, 'bin', 'builder');
  if (existsSync(lockedSums)) {
    // Generate and resolve, then hold the result against the lock: a changed checksum must stop the build.
    run(builder, ['--config', settings, '--skip-compilation']);
    checkSums(join(output, 'go.sum'));
    run(builder, ['--config', settings, '--skip-generate', '--skip-get-modules']);
  } else {
    run(builder, ['--config', settings]);
    copyFileSync(join(output, 'go.sum'), lockedSums);
  }
  return binary;
}

/** @param {string} file the go.sum that this build resolved to */
function checkSums(file) {
  const locked = new Map(readSums(lockedSums));
  for (const [module, sum] of readSums(file)) {
    const expected = locked.get(module);
    if (expected !== undefined && expected !== sum) {
      throw new Error(
        `${module} resolved to ${sum}, collector/go.sum has ${expected}; the module has changed under its version`,
      );
    }
  }
}

/** @param {string} file @returns {[string, string][]} module and version → checksum */
function readSums(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [module = '', version = '', sum = ''] = line.split(' ');
      return [`${module} ${version}`, sum];
    });
}
