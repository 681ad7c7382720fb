import type { Database, QueryParameters } from '../database.js';
import { waitAtMost } from '../wait-at-most.js';

/** Answers that are kept of each database, the latest asked for last. */
const MAX_KEPT_ANSWERS = 64;
/** Answers of more rows are not kept. */
const MAX_KEPT_ROWS = 5000;
/** What was asked for in the last so many milliseconds is answered anew as soon as a build is published. */
const ASKED_WITHIN_MS = 120_000;
/** So many questions are, the latest ones. */
const MAX_ASKED_AGAIN = 24;
/** For so long after a build. What is not answered by then is the next reader's matter: the next build waits for it. */
export const ASKING_AGAIN_MS = 10_000;

interface KeptAnswer {
  readonly rows: Promise<readonly object[]>;
}

const kept = new WeakMap<Database, Map<string, KeptAnswer>>();

/**
 * The rows of a statement that reads rollups alone and names the build that it goes by: no later build changes what it
 * answers, so it is asked once. The rows are shared; nobody may change them.
 */
export async function keptRows<Row extends object>(
  db: Database,
  sql: string,
  parameters: QueryParameters,
): Promise<readonly Row[]> {
  const answers = kept.get(db) ?? new Map<string, KeptAnswer>();
  kept.set(db, answers);
  const key = JSON.stringify([sql, parameters], (_name, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  const known = answers.get(key) ?? { rows: db.query<Row>(sql, parameters) };
  // Asked for again, it is the latest.
  answers.delete(key);
  answers.set(key, known);
  for (const oldest of answers.keys()) {
    if (answers.size <= MAX_KEPT_ANSWERS) break;
    answers.delete(oldest);
  }
  try {
    const rows = await known.rows;
    if (rows.length > MAX_KEPT_ROWS && answers.get(key) === known) answers.delete(key);
    return rows as readonly Row[];
  } catch (error) {
    // A failure is not kept: the next reader asks again.
    if (answers.get(key) === known) answers.delete(key);
    throw error;
  }
}

/** Asks a question again, of a range that ends now or later where it did when it was asked. */
type AskAgain = (nowMs: number) => Promise<unknown>;

interface Question {
  readonly again: AskAgain;
  readonly atMs: number;
  /** How long it took the last time that it was asked again; 0 before. */
  tookMs: number;
  /** Whether it is being asked again: as long as that takes it is not begun once more. */
  isUnderWay: boolean;
}

const asked = new WeakMap<Database, Map<string, Question>>();

/** Remembers that a question was answered by rollups alone, so that {@link askAgain} does so ahead of the next reader. */
export function noteAsked(db: Database, key: string, again: AskAgain): void {
  const questions = asked.get(db) ?? new Map<string, Question>();
  asked.set(db, questions);
  const { tookMs = 0, isUnderWay = false } = questions.get(key) ?? {};
  questions.delete(key);
  questions.set(key, { again, atMs: performance.now(), tookMs, isUnderWay });
  for (const oldest of questions.keys()) {
    if (questions.size <= MAX_ASKED_AGAIN) break;
    questions.delete(oldest);
  }
}

/**
 * Answers what was asked lately as of the build that was just published, one question after the other, the quick ones first:
 * whoever asks next has the answer at once. What fails is the next reader's matter, and so is what is not answered in
 * {@link ASKING_AGAIN_MS}: the next build, hence all figures of the open hours, would wait for the slowest question.
 */
export async function askAgain(db: Database, nowMs: number): Promise<void> {
  const questions = asked.get(db);
  if (questions === undefined) return;
  const patience = new AbortController();
  await waitAtMost(askAll(questions, nowMs, patience.signal), ASKING_AGAIN_MS);
  patience.abort();
}

async function askAll(questions: Map<string, Question>, nowMs: number, signal: AbortSignal): Promise<void> {
  for (const [key, question] of [...questions].toSorted(([, left], [, right]) => left.tookMs - right.tookMs)) {
    const startedMs = performance.now();
    if (startedMs - question.atMs > ASKED_WITHIN_MS) {
      questions.delete(key);
      continue;
    }
    if (signal.aborted) return;
    if (question.isUnderWay) continue;
    question.isUnderWay = true;
    await question.again(nowMs).catch(() => undefined);
    const latest = questions.get(key) ?? question;
    latest.tookMs = performance.now() - startedMs;
    latest.isUnderWay = false;
  }
}
