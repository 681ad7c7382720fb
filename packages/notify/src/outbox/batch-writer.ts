/**
 * Writes rows in order, one insert at a time: what is handed in while an insert is under way goes into the next one, so
 * a burst costs few inserts and a single row does not wait. `write` resolves once its row is stored.
 */
export class BatchWriter<Row extends object> {
  readonly #insert: (rows: readonly Row[]) => Promise<void>;
  #waiting: Row[] = [];
  #next: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(insert: (rows: readonly Row[]) => Promise<void>) {
    this.#insert = insert;
  }

  write(row: Row): Promise<void> {
    this.#waiting.push(row);
    this.#next ??= this.#running.then(() => {
      const rows = this.#waiting;
      this.#waiting = [];
      this.#next = undefined;
      const inserted = this.#insert(rows);
      this.#running = inserted.catch(() => {});
      return inserted;
    });
    return this.#next;
  }
}
