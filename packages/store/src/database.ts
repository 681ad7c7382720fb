/** Values of typed placeholders such as `{from:DateTime64(3)}`; the only way a value reaches SQL. */
export type QueryParameters = Readonly<
  Record<string, string | number | bigint | boolean | null | readonly (string | number | bigint)[]>
>;

/** A file of rows that the engine reads itself; the only way foreign bytes enter the store. */
export interface FileInsert {
  /** `database.table` or `table`. */
  readonly table: string;
  readonly columns: readonly string[];
  /** A ClickHouse input format, e.g. `JSONEachRow`, `RowBinary`, `Native`. */
  readonly format: string;
  readonly path: string;
  readonly settings?: Readonly<Record<string, string | number>>;
  /**
   * Types under which the file's columns are read, where the table's own are dear to parse: the same bytes mean the same
   * in both. Only the embedded engine makes use of it.
   */
  readonly readAs?: readonly string[];
}

/**
 * The ClickHouse that the store works on: embedded chDB or a server. Everything above this line is the same for both.
 * 64-bit integers and decimals arrive as strings.
 */
export interface Database {
  /** Other processes may work on it, too: a server. Builds and corrections then take turns by a lease. */
  readonly isShared?: boolean;
  /** Runs one SELECT and parses its rows. */
  query<Row extends object>(sql: string, parameters?: QueryParameters): Promise<Row[]>;
  /** Runs one statement that returns no rows. */
  command(sql: string, parameters?: QueryParameters): Promise<void>;
  /** Inserts a file of rows; resolves once the insert and the views behind it are committed. */
  insertFile(insert: FileInsert): Promise<void>;
  /** Inserts rows that we made ourselves; resolves as `insertFile` does. */
  insertRows(table: string, rows: readonly object[]): Promise<void>;
  close(): Promise<void>;
}
