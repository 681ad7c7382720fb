import { defineConfig } from 'vitest/config';

const isLong = process.env['COSTEL_FAULTS_LONG'] === '1' || process.env['COSTEL_FAULTS_MINUTES'] !== '0';

export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    pool: 'forks',
    // Each file kills processes of its own and measures them: one at a time.
    fileParallelism: false,
    testTimeout: isLong ? 7_200_000 : 1_200_000,
    hookTimeout: 120_000,
    retry: 0,
  },
});
