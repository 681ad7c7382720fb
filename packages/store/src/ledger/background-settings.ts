/**
 * Settings of statements that nobody waits for, to be listed last: one thread, which the system lets run behind those of
 * queries and inserts. Where the process may not change priorities (`CAP_SYS_NICE`) only the one thread is left of it.
 */
export const BACKGROUND_SETTINGS = 'max_threads = 1, os_thread_priority = 10';
