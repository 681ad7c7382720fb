import type { RepriceSummary } from '@costel/store';
import { defineEndpoint, type Endpoint } from './endpoint.js';
import { repriceSummaryJson } from './reprice-json.js';

/** `reprices`: what was priced again lately, when and why. */
export function repricesEndpoint(listReprices: () => Promise<readonly RepriceSummary[]>): Endpoint {
  return defineEndpoint({
    path: '/reprices',
    summary: 'What was priced again, newest first: by command, or because calls without a price got one',
    parameters: {},
    hasFilters: false,
    answer: async () => ({ reprices: (await listReprices()).map(repriceSummaryJson) }),
  });
}
