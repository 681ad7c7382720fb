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
    retry: 0,
  },
});
