import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/image/**/*.test.ts'], pool: 'forks', testTimeout: 240_000, hookTimeout: 600_000, retry: 0 },
});
