export type { Database, FileInsert, QueryParameters } from './database.js';
export { openEmbeddedDatabase, recommendedThreadPoolSize } from './engine/embedded-database.js';
export type { EmbeddedDatabase, EmbeddedDatabaseOptions, RunOptions } from './engine/embedded-database.js';
export type { EngineConnection, EngineSettings, RunResult } from './engine/engine-connection.js';
export type { ScratchDirectory } from './engine/scratch-directory.js';
export { StoreError } from './engine/store-error.js';
export type { StoreErrorCode, StoreErrorDetails } from './engine/store-error.js';
export { connectDatabase } from './server/server-database.js';
export type { ServerDatabaseOptions } from './server/server-database.js';
