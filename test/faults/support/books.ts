import { decimalUsd, type Call } from './calls.js';
import type { CostelProcess } from './costel-process.js';

/** The sender's own account: what was acknowledged, and what it costs. The store must say the same. */
export class Books {
  readonly #acknowledged = new Map<string, bigint>();
  /** Sent at least once; whether it arrived is known only once it is acknowledged. */
  readonly #sent = new Set<string>();

  get calls(): number {
    return this.#acknowledged.size;
  }

  noteSent(calls: readonly Call[]): void {
    for (const { spanId } of calls) this.#sent.add(spanId);
  }

  noteAcknowledged(calls: readonly Call[]): void {
    for (const { spanId, costPicoUsd } of calls) this.#acknowledged.set(spanId, costPicoUsd);
  }

  /** Calls that were sent and have had no acknowledgement yet. */
  get openCalls(): number {
    return this.#sent.size - this.#acknowledged.size;
  }

  get spanIds(): readonly string[] {
    return [...this.#acknowledged.keys()];
  }

  get costUsd(): string {
    let total = 0n;
    for (const cost of this.#acknowledged.values()) total += cost;
    return decimalUsd(total);
  }
}

/** What the store says, where it differs from the books. */
export interface Differences {
  /** Acknowledged and not in the ledger. */
  readonly lost: readonly string[];
  /** In the ledger, counted, and never acknowledged. */
  readonly unknown: readonly string[];
  /** Counted more than once. */
  readonly double: readonly string[];
}

/** Compares the ledger with the books, call by call. */
export async function compareWithBooks(stack: CostelProcess, books: Books): Promise<Differences> {
  const rows = await stack.query<{ span_id: string; copies: string }>(
    'SELECT span_id, sum(counted) AS copies FROM llm_calls FINAL GROUP BY span_id',
  );
  const copies = new Map(rows.map((row) => [row.span_id, Number(row.copies)]));
  const known = new Set(books.spanIds);
  return {
    lost: books.spanIds.filter((id) => (copies.get(id) ?? 0) === 0),
    unknown: [...copies.keys()].filter((id) => !known.has(id)),
    double: [...copies].filter(([, count]) => count > 1).map(([id]) => id),
  };
}
