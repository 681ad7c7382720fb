export { toConfig } from './config/config.js';
export type { BudgetConfig, Config, ServerConfig, WebhookConfig } from './config/config.js';
export { ConfigError } from './config/config-error.js';
export type { ConfigProblem } from './config/config-error.js';
export { configJsonSchema } from './config/json-schema.js';
export { CONFIG_FILE_NAMES, loadConfig, parseConfig } from './config/load-config.js';
export type { SecretSources } from './config/secrets.js';
export { nearestName } from './nearest-name.js';
