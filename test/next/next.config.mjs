// `COSTEL_NEXT_BUNDLED=true` leaves everything in the bundles that can be; else the packages that OpenTelemetry hooks, and
// the SDK that it is to patch, are loaded by Node itself.
const isBundled = process.env.COSTEL_NEXT_BUNDLED === 'true';

export default {
  serverExternalPackages: ['@costel/node', ...(isBundled ? [] : ['@costel/instrumentation', 'openai'])],
  distDir: process.env.COSTEL_NEXT_DIRECTORY,
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
};
