import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/collector/**/*.test.ts'],
    pool: 'forks',
    // Each file starts a stack and a collector; two at a time would only wait for each other.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    retry: 0,
  },
});
