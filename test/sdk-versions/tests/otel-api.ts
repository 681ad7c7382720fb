import { createRequire } from 'node:module';
import type * as OtelApi from '@opentelemetry/api';

/**
 * The workspace's own copy of the OpenTelemetry API: the SDK versions bring newer ones of their own, and one does not talk
 * to what an older one has registered.
 */
export const { context, metrics, trace } = createRequire(new URL('../../../package.json', import.meta.url))(
  '@opentelemetry/api',
) as typeof OtelApi;
