import { StoreError } from '@costel/store';
import { Hono } from 'hono';
import type { Log } from '../logger.js';
import { repairHandler, repriceHandler, type AdminOptions } from './admin.js';
import { backupHandler, type BackUp } from './backup-endpoint.js';
import { answerJson, describeEndpoints, type Endpoint } from './endpoint.js';
import { ApiProblem } from './problem.js';
import { guardBodyLimit, guardHandler, type GuardSources } from './guard-endpoint.js';
import { addSecurityHeaders, checkAccess, type AccessRules } from './security.js';
import { createStaticFiles } from './static-files.js';

/** What the HTTP side of the aggregator is made of. */
export interface AppOptions {
  readonly endpoints: readonly Endpoint[];
  readonly access: AccessRules;
  readonly clock: () => number;
  readonly log: Log;
  /** Where the page's files are; default: this package's build. */
  readonly webDirectory?: string | undefined;
  /** What may be changed, by the bearer of a token; nothing where this is absent. */
  readonly admin?: AdminOptions | undefined;
  /** Writes a backup, for the bearer of the same token; nobody can where this is absent. */
  readonly backUp?: BackUp | undefined;
  /** What the guards of applications are answered from; nobody is where this is absent. */
  readonly guard?: GuardSources | undefined;
  /** The metrics of this process in the Prometheus text format. */
  readonly renderMetrics: () => Promise<string>;
}

const MISSING_PAGE =
  'The page has not been built. Run "npm run build", then reload. The API is at /api/v1/costs/summary.\n';

/** The HTTP application: API under `/api/v1`, the page at `/`. Reads only, but for what the bearer of the token may have done; every error is problem+json. */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  const serveFile = createStaticFiles(options.webDirectory);
  app.use(addSecurityHeaders(), checkAccess(options.access));
  if (options.admin) {
    app.post('/api/v1/repair', repairHandler(options.admin, options.clock));
    app.post('/api/v1/reprice', repriceHandler(options.admin, options.clock));
  }
  if (options.admin && options.backUp) app.post('/api/v1/backup', backupHandler(options.admin.token, options.backUp));
  if (options.guard) app.post('/api/v1/guard', guardBodyLimit, guardHandler(options.guard, options.clock));
  app.use(async (context, next) => {
    if (context.req.method === 'GET' || context.req.method === 'HEAD') return next();
    context.header('Allow', 'GET, HEAD');
    throw new ApiProblem('method_not_allowed', {
      detail: `${context.req.method} is not served at ${context.req.path.slice(0, 200)}`,
      value: context.req.method,
      limit: 'GET or HEAD',
      fix: 'use GET',
    });
  });
  for (const endpoint of options.endpoints) app.get(`/api/v1${endpoint.path}`, endpoint.handle(options.clock));
  app.get('/api/v1/openapi.json', (context) => answerJson(context, describeEndpoints(options.endpoints)));
  app.get('/api/v1/metrics', async (context) =>
    context.text(await options.renderMetrics(), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  app.get('/api/v1', (context) => context.redirect('/api/v1/openapi.json'));
  app.get('/api/v1/', (context) => context.redirect('/api/v1/openapi.json'));
  app.get('*', async (context) => {
    const file = context.req.path.startsWith('/api/') ? undefined : await serveFile(context);
    if (file) return file;
    if (context.req.path === '/') return context.text(MISSING_PAGE, 503);
    const paths = [...options.endpoints.map(({ path }) => path), '/metrics', '/openapi.json'];
    throw new ApiProblem('not_found', {
      detail: `there is nothing at ${context.req.path.slice(0, 200)}`,
      value: context.req.path.slice(0, 200),
      limit: `paths are ${paths.map((path) => `/api/v1${path}`).join(', ')}`,
      fix: 'see /api/v1/openapi.json',
    });
  });
  app.onError((error, context) => {
    const problem = toProblem(error);
    if (problem.status >= 500 && problem.code !== 'not_ready')
      options.log('error', `${context.req.method} ${context.req.path} failed`, {
        code: problem.code,
        cause: describeCause(error),
      });
    return context.body(JSON.stringify(problem), problem.status, {
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Cache-Control': 'no-store',
    });
  });
  return app;
}

function describeCause(error: unknown): string {
  const cause = error instanceof ApiProblem ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** What a caller is told of an error that is none of theirs: nothing of its insides. */
function toProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const isStoreAway = error instanceof StoreError && (error.retryable || error.code === 'closed');
  return isStoreAway
    ? new ApiProblem(
        'store_unavailable',
        { detail: 'the store did not answer', fix: 'try again in a few seconds; "costel doctor" says what is missing' },
        error,
      )
    : new ApiProblem(
        'internal_error',
        { detail: 'the request could not be answered', fix: 'see the log of this process for the cause' },
        error,
      );
}
