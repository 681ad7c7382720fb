import { toAlertJson } from './alert-json.js';
import type { Channel } from './channel.js';

/** What the log channel needs. */
export interface LogChannelOptions {
  /** Default: `log`. */
  readonly name?: string;
  /** Takes one line of JSON, without a line break. */
  readonly writeLine: (line: string) => void;
}

const SEND_TIMEOUT_MS = 1000;

/** A channel that writes each notification as one line of JSON. */
export function createLogChannel(options: LogChannelOptions): Channel {
  return {
    name: options.name ?? 'log',
    sendTimeoutMs: SEND_TIMEOUT_MS,
    send: (notification) => {
      options.writeLine(JSON.stringify(toAlertJson(notification)));
      return Promise.resolve({ isDelivered: true });
    },
  };
}
