import { configJsonSchema, loadConfigFile } from '@costel/aggregator';
import { say, writeLine } from '../output.js';

/** `costel config check`: prints the configuration with defaults as JSON, or every problem of the file. */
export async function checkConfig(file: string | undefined): Promise<void> {
  const { config, path } = loadConfigFile(file);
  // Secrets went into URLs; the rest of a URL is what a person wants to check.
  const channels = config.channels.map((channel) => ({ ...channel, url: hideSecrets(channel.url) }));
  await writeLine(JSON.stringify({ ...config, channels }, null, 2));
  say(path === undefined ? 'There is no configuration file; these are the defaults.' : `${path} is valid.`);
}

/** Keeps scheme and host of a URL: user, path and query may hold the secret. */
function hideSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return pathname === '/' ? origin : `${origin}/…`;
}

/** `costel config schema`: prints the JSON schema of the configuration file. */
export async function printConfigSchema(): Promise<void> {
  await writeLine(JSON.stringify(configJsonSchema(), null, 2));
}
