#!/usr/bin/env node
// CommonJS on purpose: libuv fixes the size of its thread pool at first use, and loading an ES module already uses it.
// Each running statement of the embedded engine holds a thread: half of them may be held by guests.
process.env.UV_THREADPOOL_SIZE ??= '12';

async function main() {
  const { runCli } = await import('../dist/index.js');
  process.exitCode = await runCli(process.argv.slice(2));
}

void main();
