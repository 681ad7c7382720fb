import { createLogChannel, createWebhookChannel, type Channel } from '@costel/notify';
import type { WebhookConfig } from '../config/config.js';
import { LOG_CHANNEL } from './budget-alerts.js';

/** Makes the channels of a configuration; the log is always the first. */
export function createChannels(
  configs: readonly WebhookConfig[],
  writeLine: (line: string) => void,
): readonly Channel[] {
  const webhooks = configs.map((config) =>
    createWebhookChannel({ name: config.name, url: config.url, isPrivateAllowed: config.allowPrivateAddresses }),
  );
  return [createLogChannel({ name: LOG_CHANNEL, writeLine }), ...webhooks];
}
