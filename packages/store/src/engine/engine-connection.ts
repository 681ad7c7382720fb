import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import type { ChdbResult, drainPending, Session as ChdbSession } from 'chdb';
import { encodeSqlLiteral, checkedName } from './literals.js';
import { StoreError, toStoreError } from './store-error.js';

/** Settings of one statement; text and numbers as `SET name = value` takes them. */
export type EngineSettings = Readonly<Record<string, string | number>>;

/** What one statement gave. */
export interface RunResult {
  /** The answer in the format asked for; empty for statements without one. */
  readonly bytes: Uint8Array;
  readonly elapsedSeconds: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

/**
 * Settings of every connection. Given when the connection opens, so that no statement ever runs without them.
 * A refused row must refuse its insert (`async_insert`, `materialized_views_ignore_errors`), a block may touch any
 * number of days, a bare expression is no statement, and 64-bit integers and decimals are text in JSON.
 */
export const ENGINE_SETTINGS: EngineSettings = {
  async_insert: 0,
  max_partitions_per_insert_block: 0,
  materialized_views_ignore_errors: 0,
  implicit_select: 0,
  allow_introspection_functions: 0,
  max_query_size: 16_777_216,
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
};

/** One connection of the engine: runs one statement at a time and keeps its own database, settings and temporary tables. */
export interface EngineConnection {
  /**
   * Runs one statement. The caller awaits it before the next.
   * @throws StoreError with the engine's number.
   */
  run(sql: string, format?: string): Promise<RunResult>;
  /** Changes settings for the statements that follow. @throws StoreError `name_invalid`, or the engine's refusal. */
  set(settings: EngineSettings): Promise<void>;
  /**
   * Binds parameters (`name` → text as {@link encodeParameters} makes it) for the statements that follow, and forgets
   * the ones bound before: a statement that names one of those is refused.
   */
  bind(parameters: ReadonlyMap<string, string>): Promise<void>;
  /** Makes unqualified table names mean those of `database`. */
  use(database: string): Promise<void>;
  /**
   * True once a statement has failed. The engine keeps what that statement had printed and puts it in front of the next
   * answer on the same connection, so a spent connection must be closed.
   */
  readonly isSpent: boolean;
  close(): void;
}

/** What we use of the package. */
interface EnginePackage {
  readonly Session: typeof ChdbSession;
  readonly drainPending: typeof drainPending;
}

let loaded: EnginePackage | undefined;

/** Loads the native engine on first use, so that importing the store costs nothing. @throws StoreError `engine_unavailable`. */
function loadEngine(): EnginePackage {
  try {
    loaded ??= createRequire(import.meta.url)('chdb') as EnginePackage;
    return loaded;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(
      'engine_unavailable',
      `the embedded engine does not load on ${process.platform}-${process.arch}: ${reason}; it needs Linux with glibc or macOS, else set CLICKHOUSE_URL`,
      { cause: error },
    );
  }
}

/** Waits until the engine has finished what callers gave up on. */
export async function drainEngine(): Promise<void> {
  if (loaded !== undefined) await loaded.drainPending();
}

/**
 * Merges yield to queries and inserts: beside a query on both cores two of them take a quarter of the time and not half of
 * it, and beside steady inserts still as much as these leave to be merged. Only where the process may change priorities
 * (`CAP_SYS_NICE`); elsewhere the engine leaves them as they are.
 */
const MERGE_NICE = 5;

/** Opens a connection to an absolute data directory; 0.3 ms, 70–200 ms for the first. @throws the engine's error as it is. */
export function openEngineConnection(directory: string): EngineConnection {
  const { Session } = loadEngine();
  const settings = {
    ...ENGINE_SETTINGS,
    max_server_memory_usage: maxEngineMemoryBytes(),
    os_threads_nice_value_merge_mutate: MERGE_NICE,
  };
  const connectionArgs = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const session = inUtc(() => new Session(directory, { connectionArgs }));
  return new ChdbEngineConnection(session);
}

/**
 * 45 % of the memory that this process may have. The engine counts against it what no limit of a query covers, the
 * answer being printed above all, and refuses the statement (241) instead of letting the system kill the process. An
 * answer is copied once on its way out, hence less than half.
 */
function maxEngineMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  const available = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return Math.floor(available * 0.45);
}

/**
 * The engine takes its time zone from the environment once, when it starts. Costel is UTC inside, so a date means the
 * same whatever the machine's zone; the process's own zone is put back at once.
 */
function inUtc<Result>(action: () => Result): Result {
  const before = process.env['TZ'];
  process.env['TZ'] = 'UTC';
  try {
    return action();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

class ChdbEngineConnection implements EngineConnection {
  readonly #session: ChdbSession;
  /** Bound at some time and not now; the engine keeps their values, so we must not let a statement see them. */
  readonly #forgotten = new Set<string>();
  #bound: readonly string[] = [];
  #isSpent = false;

  constructor(session: ChdbSession) {
    this.#session = session;
  }

  get isSpent(): boolean {
    return this.#isSpent;
  }

  async run(sql: string, format = 'TabSeparated'): Promise<RunResult> {
    this.#refuseForgotten(sql);
    let result: ChdbResult;
    try {
      result = await this.#session.queryAsync(sql, { format });
    } catch (error) {
      this.#isSpent = true;
      throw toStoreError(error);
    }
    return {
      bytes: result.bytes(),
      elapsedSeconds: result.elapsed,
      rowsRead: result.rowsRead,
      bytesRead: result.bytesRead,
    };
  }

  async set(settings: EngineSettings): Promise<void> {
    const parts = Object.entries(settings).map(([name, value]) => {
      const literal = typeof value === 'number' ? String(value) : encodeSqlLiteral(value);
      return `${checkedName('setting', name)} = ${literal}`;
    });
    if (parts.length > 0) await this.run(`SET ${parts.join(', ')}`);
  }

  async bind(parameters: ReadonlyMap<string, string>): Promise<void> {
    // The package's own binding is serialised over the whole process: one slow query with a parameter would hold up
    // every other. Parameters of a connection are isolated, and the literal's encoding lets no byte end it.
    for (const name of this.#bound) this.#forgotten.add(name);
    for (const name of parameters.keys()) this.#forgotten.delete(name);
    this.#bound = [...parameters.keys()];
    const parts = [...parameters].map(
      ([name, text]) => `param_${checkedName('parameter', name)} = ${encodeSqlLiteral(text)}`,
    );
    for (const statement of inStatements(parts)) await this.run(`SET ${statement}`);
  }

  async use(database: string): Promise<void> {
    await this.run(`USE \`${checkedName('database', database)}\``);
  }

  close(): void {
    this.#session.close();
  }

  #refuseForgotten(sql: string): void {
    if (this.#forgotten.size === 0) return;
    for (const match of sql.matchAll(/\{\s*`?(\w+)`?\s*:/g)) {
      const name = match[1];
      if (name === undefined || !this.#forgotten.has(name)) continue;
      throw new StoreError('parameter_invalid', `parameter ${name} has no value`, { clickhouseCode: 456 });
    }
  }
}

/** Bytes of one statement that binds parameters, unless a single one is longer; a caller may have lowered `max_query_size` to 1 MiB. */
const MAX_BIND_BYTES = 500_000;

/** Joins assignments, of ASCII as they are encoded, to as few statements as `max_query_size` allows. */
function inStatements(assignments: readonly string[]): readonly string[] {
  const statements: string[] = [];
  let open: string[] = [];
  let bytes = 0;
  for (const assignment of assignments) {
    if (open.length > 0 && bytes + assignment.length > MAX_BIND_BYTES) {
      statements.push(open.join(', '));
      open = [];
      bytes = 0;
    }
    open.push(assignment);
    bytes += assignment.length;
  }
  return open.length > 0 ? [...statements, open.join(', ')] : statements;
}
