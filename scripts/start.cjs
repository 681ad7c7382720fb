// The entry of `npm start`. CommonJS, as packages/cli/bin/costel.cjs is and for the same reason: the size of the thread
// pool must be set before the first ES module is loaded.
process.env.UV_THREADPOOL_SIZE ??= '12';
void import('./start.mjs');
