import { resolve } from 'node:path';
import { loadConfig, type Config } from '@costel/aggregator';

/** Flags that many commands share; each wins over the configuration file. */
export interface CommonFlags {
  readonly config?: string;
  readonly data?: string;
  readonly host?: string;
  readonly port?: number;
  readonly otlpPort?: number;
  readonly clickhousePort?: number;
}

/** Reads the configuration that a command was given, or the one that is found; flags win. */
export function readConfig(flags: CommonFlags): Config {
  const config = loadConfig(flags.config);
  const { server } = config;
  return {
    ...config,
    server: {
      ...server,
      host: flags.host ?? server.host,
      port: flags.port ?? server.port,
      otlpPort: flags.otlpPort ?? server.otlpPort,
      clickhousePort: flags.clickhousePort ?? server.clickhousePort,
      dataDirectory: flags.data === undefined ? server.dataDirectory : resolve(flags.data),
    },
  };
}
