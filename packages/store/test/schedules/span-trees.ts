import { spanRow, type SpanRow } from '../support/test-store.js';

/** Pico-dollars of one input token of the models in these tests: a dollar a million. */
export const INPUT_PICO = 1_000_000n;

/** A span of a trace, and what it says. */
export type Node =
  | { readonly kind: 'agent'; readonly extraTokens: number; readonly below: readonly Node[] }
  | { readonly kind: 'tool'; readonly isSampledOut: boolean; readonly below: readonly Node[] }
  | { readonly kind: 'chat'; readonly tokens: number; readonly isSeenTwice: boolean; readonly below: readonly Node[] };

/** A trace as rows of `otel_traces`, and the tokens that it is billed for. */
export interface SpanTree {
  readonly rows: readonly SpanRow[];
  readonly tokens: number;
}

/** What is billed of a node: answers of models, and what a roll-up says beyond the calls below it. */
export function billedTokens(node: Node): number {
  const below = node.below.reduce((sum, child) => sum + billedTokens(child), 0);
  if (node.kind === 'agent') return below + node.extraTokens;
  return node.kind === 'chat' ? below + node.tokens : below;
}

/** Where the rows of a tree lie. */
export interface TreePlace {
  readonly tenant: string;
  readonly startMs: number;
  readonly newId: (length: 16 | 32) => string;
}

const TREE_DURATION_MS = 240_000;

/** Lays a tree out in time (each child within its parent, siblings one after the other) and as spans. */
export function spansOfTree(root: Node, { tenant, startMs, newId }: TreePlace): SpanTree {
  const trace = newId(32);
  const rows: SpanRow[] = [];
  const add = (node: Node, parent: string, fromMs: number, toMs: number): void => {
    const span = newId(16);
    const place = { trace, span, parent, fromMs, toMs, tenant };
    if (node.kind === 'agent') rows.push(usageSpan(place, 'invoke_agent', billedTokens(node), {}));
    if (node.kind === 'tool' && !node.isSampledOut) rows.push(usageSpan(place, 'execute_tool', 0, {}));
    if (node.kind === 'chat') {
      const answer = { 'gen_ai.response.id': `answer-${span}` };
      rows.push(usageSpan(place, 'chat', node.tokens, answer));
      if (node.isSeenTwice) rows.push(usageSpan({ ...place, span: newId(16) }, 'chat', node.tokens, answer));
    }
    const slotMs = Math.floor((toMs - fromMs) / (node.below.length + 1));
    node.below.forEach((child, index) => {
      const slot = fromMs + 1 + index * slotMs;
      add(child, span, slot, slot + slotMs - 2);
    });
  };
  add(root, '', startMs, startMs + TREE_DURATION_MS);
  return { rows, tokens: billedTokens(root) };
}

interface Place {
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly tenant: string;
}

function usageSpan(place: Place, operation: string, tokens: number, more: Readonly<Record<string, string>>): SpanRow {
  const usage = {
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'm',
    'gen_ai.usage.input_tokens': String(tokens),
  };
  return spanRow({
    trace: place.trace,
    span: place.span,
    parent: place.parent,
    at: new Date(place.fromMs).toISOString(),
    durationMs: place.toMs - place.fromMs,
    scope: 'framework',
    attributes: { 'gen_ai.operation.name': operation, ...(tokens === 0 ? {} : usage), ...more },
    resource: { 'costel.tenant': place.tenant },
  });
}

/** A random tree of at most three levels below its root. */
export function randomTree(random: () => number): Node {
  const whole = (end: number) => Math.floor(random() * end);
  const children = (depth: number): Node[] => Array.from({ length: 1 + whole(2) }, () => node(depth + 1));
  const node = (depth: number): Node => {
    const dice = depth >= 3 ? 9 : whole(10);
    if (dice < 3) return { kind: 'agent', extraTokens: whole(2) * whole(500), below: children(depth) };
    if (dice < 5) return { kind: 'tool', isSampledOut: whole(3) === 0, below: children(depth) };
    const below = depth < 3 && whole(5) === 0 ? children(depth) : [];
    return { kind: 'chat', tokens: 1 + whole(1000), isSeenTwice: whole(4) === 0, below };
  };
  return { kind: 'agent', extraTokens: whole(2) * whole(500), below: children(0) };
}
