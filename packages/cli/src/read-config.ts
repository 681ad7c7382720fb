import { loadConfig, type Config } from '@costel/aggregator';

/** Reads the configuration that a command was given, or the one that is found; see `loadConfig`. */
export function readConfig(file: string | undefined): Config {
  return loadConfig(file);
}
