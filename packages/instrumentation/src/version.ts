/** Name of the tracer and meter scope of everything this package emits. */
export const INSTRUMENTATION_NAME = '@costel/instrumentation';
/** The version of this package; a test compares it with package.json. */
export const INSTRUMENTATION_VERSION = '0.1.0';
