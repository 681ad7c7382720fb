import { buildRollups, type Database } from '../../src/index.js';
import { LEDGER_COLUMNS } from '../../src/ledger/ledger-columns.js';
import { ledgerSelect } from '../../src/ledger/ledger-select.js';
import { currentDatabase } from '../../src/migrate/migrate.js';
import { checkedScope } from '../../src/query/cost-scope.js';
import { costSource, FINAL_SETTINGS, type CostSource } from '../../src/query/cost-source.js';
import { costAttributes, newId, spanRow, type SpanRow } from '../support/test-store.js';

/*
 * A deterministic scheduler. Writers, the builder and readers advance only when a schedule says so; the points at which
 * they can be held are those where the store has committed one thing and not yet the next: raw and ledger, ledger and
 * build, build and publication, the plan of a read and its tail. Each span costs another power of two of a dollar, so a
 * total says exactly which spans are in it, and how often.
 */

/** Who takes the next step: the first or second writer (raw, then ledger), or the builder (blocks, rows, publication). */
export type Actor = 'A' | 'B' | 'build';

const STEPS: Readonly<Record<Actor, number>> = { A: 2, B: 2, build: 3 };

/** Every order in which the actors can take their steps; `['A', 'build']` has 10, all three have 210. */
export function allSchedules(actors: readonly Actor[]): readonly (readonly Actor[])[] {
  const extend = (left: ReadonlyMap<Actor, number>): Actor[][] => {
    const open = [...left].filter(([, steps]) => steps > 0);
    if (open.length === 0) return [[]];
    return open.flatMap(([actor, steps]) =>
      extend(new Map(left).set(actor, steps - 1)).map((rest): Actor[] => [actor, ...rest]),
    );
  };
  return extend(new Map(actors.map((actor) => [actor, STEPS[actor]])));
}

/** What a schedule found wrong; empty when every read and the total at rest were right. */
export interface Outcome {
  readonly schedule: readonly Actor[];
  readonly violations: readonly string[];
}

/** The clock of these stories: it moves a second a step, long after the calls that they tell of. */
let clockMs = Date.parse('2026-11-12T10:07:00.000Z');
const tick = (): number => (clockMs += 1000);
const instant = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

let days = 0;

/** A story: a day and a tenant of its own, two batches that overlap, and what is committed of them. */
class Story {
  readonly #db: Database;
  readonly #groupBy: readonly string[];
  readonly #tenant: string;
  readonly #dayMs: number;
  readonly #batches: Readonly<Record<'A' | 'B', readonly SpanRow[]>>;
  readonly #raw = new Map<'A' | 'B', string>();
  readonly #reads: { readonly from: number; readonly least: number; readonly source: CostSource }[] = [];
  readonly violations: string[] = [];
  /** The spans that the ledger holds, as the sum of their dollars. */
  #committed = 0;
  #build: Stepwise | undefined;

  constructor(db: Database, groupBy: readonly string[]) {
    days += 1;
    this.#db = db;
    this.#groupBy = groupBy;
    this.#tenant = `story-${days}`;
    this.#dayMs = Date.UTC(2026, 0, 1) + days * 86_400_000;
    const [first, second, third] = [1, 2, 4].map((usd) => this.#span(usd));
    if (first === undefined || second === undefined || third === undefined) throw new Error('three spans');
    // The second collector sends the first span again, beside one of its own.
    this.#batches = { A: [first, second], B: [first, third] };
  }

  #span(usd: number): SpanRow {
    return spanRow({
      at: new Date(this.#dayMs + 36_000_000).toISOString(),
      span: newId(16),
      attributes: costAttributes(String(usd), { 'user.id': 'u' }),
      resource: { 'costel.tenant': this.#tenant },
    });
  }

  async step(actor: Actor): Promise<void> {
    if (actor === 'build') {
      this.#build ??= new Stepwise(this.#db);
      await this.#build.advance();
    } else if (!this.#raw.has(actor)) await this.#commitRaw(actor);
    else await this.#commitLedger(actor);
  }

  async #commitRaw(writer: 'A' | 'B'): Promise<void> {
    const receivedAt = instant(tick());
    this.#raw.set(writer, receivedAt);
    await this.#db.insertRows(
      'otel_traces',
      this.#batches[writer].map((row) => ({ ...row, ReceivedAt: receivedAt })),
    );
  }

  /** What the ledger's view does with a block once the block is in the raw table. */
  async #commitLedger(writer: 'A' | 'B'): Promise<void> {
    const where = "SpanId IN {spans:Array(String)} AND ReceivedAt = {received_at:DateTime64(3, 'UTC')}";
    const derived = ledgerSelect({ database: await currentDatabase(this.#db), where });
    const columns = LEDGER_COLUMNS.map((column) => `\`${column}\``).join(', ');
    await this.#db.command(`INSERT INTO llm_calls (${columns})\n${derived}`, {
      spans: this.#batches[writer].map(({ SpanId }) => SpanId),
      received_at: this.#raw.get(writer) ?? '',
    });
    this.#committed |= writer === 'A' ? 3 : 5;
    tick();
  }

  /** Plans a read now, runs it now, and keeps the plan: it may run at any later point as well. */
  async read(point: number): Promise<void> {
    const scope = checkedScope({ tenant: this.#tenant, groupBy: this.#groupBy });
    const source = await costSource(this.#db, scope, { fromMs: this.#dayMs, toMs: this.#dayMs + 86_400_000 });
    this.#reads.push({ from: point, least: this.#committed, source });
    for (const read of this.#reads) {
      const seen = await this.#run(read.source);
      const isRight = (seen & read.least) === read.least && (seen & ~this.#committed) === 0;
      if (isRight && (read.from !== point || seen === this.#committed)) continue;
      this.violations.push(
        `read planned at ${read.from} and run at ${point} saw $${seen}; the ledger held $${read.least}, then $${this.#committed}`,
      );
    }
  }

  async #run({ sql, parameters }: CostSource): Promise<number> {
    const [row] = await this.#db.query<{ usd: string }>(
      `SELECT sum(cost_usd) AS usd FROM (\n${sql}\n) ${FINAL_SETTINGS}`,
      parameters,
    );
    return Number(row?.usd ?? 0);
  }

  /** Everything is written, and the store has worked until there is nothing left to do. */
  async rest(): Promise<void> {
    for (let round = 0; round < 2; round += 1) await buildRollups(this.#db, { nowMs: tick() });
    this.#reads.length = 0;
    await this.read(99);
  }
}

/** A build that goes on from one point to the next only when it is told to. */
class Stepwise {
  readonly #db: Database;
  #resume: (() => void) | undefined;
  #run: Promise<unknown> | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  async advance(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const reached = () => {
        resolve();
        return new Promise<void>((go) => {
          this.#resume = go;
        });
      };
      if (this.#run === undefined) {
        this.#hold = reached;
        this.#run = buildRollups(this.#db, {
          nowMs: tick(),
          hooks: { afterBlocksRead: () => this.#reach(), beforePublish: () => this.#reach() },
        });
      } else {
        this.#hold = reached;
        this.#resume?.();
      }
      this.#run.then(() => resolve(), reject);
    });
  }

  #hold: () => Promise<void> = async () => Promise.resolve();

  async #reach(): Promise<void> {
    await this.#hold();
  }
}

/** Plays one schedule, with a read after every step. */
export async function play(db: Database, schedule: readonly Actor[], groupBy: readonly string[]): Promise<Outcome> {
  const story = new Story(db, groupBy);
  for (const [point, actor] of schedule.entries()) {
    await story.step(actor);
    await story.read(point);
  }
  await story.rest();
  return { schedule, violations: story.violations };
}

/**
 * The bug that no stress test finds: what is dirty is asked of a clock. Rows of an insert that was open during a build
 * were received before the build's watermark and are committed after it.
 */
export function withTimeWatermark(db: Database): Database {
  return mutant(db, {
    query: (sql) =>
      sql.includes('DISTINCT') && /_block_number >/.test(sql)
        ? sql.replaceAll(/_block_number >[^\n]*/g, 'received_at > (SELECT max(published_at) FROM published)')
        : sql,
  });
}

/** Another bug: the blocks that a build says it has read are taken when it publishes, not before it reads. */
export function withLateBlocks(db: Database): Database {
  return mutant(db, {
    insertRows: async (table, rows) => {
      if (table !== 'published') return rows;
      const newest = await db.query<{ id: string; block: string }>(
        `SELECT partition_id AS id, max(max_block_number) AS block FROM system.parts
         WHERE database = currentDatabase() AND table = 'llm_calls' AND active GROUP BY id`,
      );
      const blocks = new Map(newest.map(({ id, block }) => [id, block]));
      return rows.map((row) => {
        const block = 'partition_id' in row ? blocks.get(String(row.partition_id)) : undefined;
        return block === undefined ? row : { ...row, block };
      });
    },
  });
}

interface Mutation {
  readonly query?: (sql: string) => string;
  readonly insertRows?: (table: string, rows: readonly object[]) => Promise<readonly object[]>;
}

function mutant(db: Database, mutation: Mutation): Database {
  return {
    query: async (sql, parameters) => db.query(mutation.query?.(sql) ?? sql, parameters),
    command: async (sql, parameters) => db.command(sql, parameters),
    insertFile: async (insert) => db.insertFile(insert),
    insertRows: async (table, rows) => db.insertRows(table, (await mutation.insertRows?.(table, rows)) ?? rows),
    close: async () => db.close(),
  };
}
