/** Where the receiver reports what an operator should know. */
export interface Logger {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Says nothing. */
export const SILENT_LOGGER: Logger = { info: () => undefined, warn: () => undefined };
