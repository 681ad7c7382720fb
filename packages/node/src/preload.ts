import { register } from './register.js';

/*
 * `node --import @costel/node/register app.mjs`: runs before the application, so that its static imports of the SDKs are
 * patched too. Configuration comes from `OTEL_*` and from COSTEL_INCLUDE_USAGE=true.
 */
register(process.env['COSTEL_INCLUDE_USAGE'] === 'true' ? { includeUsage: true } : {});
