import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // What is about the embedded engine itself (its gate, its files) has nothing to say about a server.
    include: [
      'test/server/**/*.test.ts',
      'packages/store/test/{judge,ledger,migrate,query,rates,reprice,rollup,schedules,server,upkeep}/**/*.test.ts',
    ],
    pool: 'forks',
    // One file at a time: the server is one for all of them.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // How long a poll waits for a state before it says that something hangs; a second is not enough for a busy machine.
    expect: { poll: { timeout: 60_000 } },
    retry: 0,
  },
});
