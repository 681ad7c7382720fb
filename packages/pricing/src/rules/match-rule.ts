import { bareModelName, findProvider } from '../providers.js';
import type { RateKey } from '../rates.js';
import type { RuleScope } from './price-rules.js';

/** Whether a name fits a pattern in which `*` stands for any characters, letter case aside; linear in the name. */
export function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.toLowerCase().split('*');
  const text = name.toLowerCase();
  const head = parts[0] ?? '';
  if (parts.length === 1) return text === head;
  const tail = parts.at(-1) ?? '';
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  let position = head.length;
  const end = text.length - tail.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, position);
    if (found < 0 || found + part.length > end) return false;
    position = found + part.length;
  }
  return true;
}

/** A provider's one name, whichever of its names is used. */
function canonicalProvider(name: string): string {
  return findProvider(name)?.name ?? name.toLowerCase();
}

/** By the name as it is, or without what says again whose it is: a rule for `gpt-4o` is for OpenAI's `openai/gpt-4o` too. */
function matchesModel(pattern: string, { provider, model }: RateKey): boolean {
  if (matchesPattern(pattern, model)) return true;
  const bare = bareModelName(provider, model);
  return bare !== undefined && matchesPattern(pattern, bare);
}

/** Whether a rule is for the calls of a key, at whatever time. */
export function matchesKey(rule: RuleScope, key: RateKey): boolean {
  if (rule.provider !== undefined && canonicalProvider(rule.provider) !== canonicalProvider(key.provider)) return false;
  if (rule.model !== undefined && !matchesModel(rule.model, key)) return false;
  if (rule.serviceTier !== undefined && rule.serviceTier !== key.serviceTier) return false;
  return rule.region === undefined || rule.region === key.region;
}

/** Whether a rule holds over the whole of `[fromMs, toMs)`. */
export function holdsOver(rule: RuleScope, fromMs: number, toMs: number): boolean {
  return (rule.fromMs ?? -Infinity) <= fromMs && toMs <= (rule.toMs ?? Infinity);
}
