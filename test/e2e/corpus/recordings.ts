import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** One recorded provider interaction; ../shared/data/README.md describes the fields. */
export interface Recording {
  readonly id: string;
  readonly provider: string;
  readonly api: string;
  readonly stream: boolean;
  readonly request: { readonly method: string; readonly url: string; readonly body: unknown } | null;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body_kind: string;
    readonly body?: string;
    readonly body_base64?: string;
  };
  readonly request_model: string | null;
  readonly response_model: string | null;
  readonly canonical_usage: Readonly<Record<string, number | string | null>> | null;
  readonly provider_reported_cost_usd?: number | null;
  readonly expected?: { readonly usd?: number; readonly agree?: boolean; readonly adjudicated_usd?: number } | null;
}

const folder = resolve(import.meta.dirname, '../../../../shared/data/payloads');

/** Whether the recordings are there; they belong to others and are not part of a clone. */
export const hasRecordings = existsSync(folder);

/** Reads the recordings of all providers. */
export function readAllRecordings(): Recording[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return files.toSorted().flatMap((name) => readRecordings(name.slice(0, -'.jsonl'.length)));
}

/** Reads the recordings of one provider. */
export function readRecordings(provider: string): Recording[] {
  const lines = readFileSync(resolve(folder, `${provider}.jsonl`), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as Recording);
}
