import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('../../', import.meta.url)),
  test: {
    include: ['test/sdk-versions/tests/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // How long a poll waits for a state before it says that something hangs; a second is not enough for a busy machine.
    expect: { poll: { timeout: 60_000 } },
    retry: 0,
  },
});
