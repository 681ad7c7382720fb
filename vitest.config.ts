import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'test/unit/**/*.test.ts',
      'test/e2e/**/*.test.ts',
      'examples/*/test/**/*.test.ts',
    ],
    // chDB ends in a segmentation fault under worker threads; one process a file also isolates data directories.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // How long a poll waits for a state before it says that something hangs; a second is not enough for a busy machine.
    expect: { poll: { timeout: 60_000 } },
    retry: 0,
  },
});
