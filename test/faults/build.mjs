// Builds collector/queue-check into .cache/faults/.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../scripts/setup.mjs';

/**
 * @param {string} directory where the binary goes
 * @returns {string} its path
 */
export function buildQueueCheck(directory) {
  const binary = join(directory, 'queue-check');
  const args = ['build', '-C', join(root, 'collector', 'queue-check'), '-trimpath', '-o', binary, '.'];
  const result = spawnSync('go', args, { stdio: ['ignore', 2, 2], env: { ...process.env, CGO_ENABLED: '0' } });
  if (result.error) throw new Error(`go could not be started (${result.error.message})`);
  if (result.status !== 0) throw new Error(`"go ${args.join(' ')}" ended with exit code ${result.status}`);
  return binary;
}
