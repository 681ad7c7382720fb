import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  type Resource,
} from '@opentelemetry/resources';
import type { RegisterConfig } from './options.js';

/**
 * Who the process is, by what `register` was told and by `OTEL_*`. Without the process detector on purpose: it exports the
 * command line, where people pass keys.
 */
export function buildResource({ serviceName, environment }: RegisterConfig): Resource {
  const detected = detectResources({ detectors: [envDetector, hostDetector, serviceInstanceIdDetector] });
  return defaultResource()
    .merge(detected)
    .merge(
      resourceFromAttributes({
        'process.pid': process.pid,
        'process.runtime.name': 'nodejs',
        'process.runtime.version': process.versions.node,
        ...(serviceName === undefined ? {} : { 'service.name': serviceName }),
        ...(environment === undefined ? {} : { 'deployment.environment.name': environment }),
      }),
    );
}
