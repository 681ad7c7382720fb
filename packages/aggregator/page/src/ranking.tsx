import { fetchJson, type Group } from './api.js';
import { Card } from './card.js';
import { formatCalls, formatCost, nameOf } from './format.js';
import type { Range } from './range.js';
import { usePoll } from './use-poll.js';

interface RankingProps {
  readonly dimension: string;
  readonly title: string;
  readonly range: Range;
}

/** Who costs most, by one dimension; everything below the top is one row, so the rows add up to the total. */
export function Ranking({ dimension, title, range }: RankingProps) {
  const { data, error } = usePoll(`${dimension} ${range.label}`, 3000, (signal) =>
    fetchJson<{ groups: readonly Group[] }>(`costs/by/${dimension}`, { days: range.days, limit: 10 }, signal),
  );
  const largest = Math.max(...(data?.groups ?? []).map((group) => Number(group.cost_usd)), 0);
  return (
    <Card title={`${title}, ${range.label}`} error={error} loading={!data}>
      {data?.groups.length === 0 && <p class="quiet">No calls in this range.</p>}
      <ul class="bars">
        {data?.groups.map((group) => (
          <li key={nameOf(group.key, group.rest)}>
            <span class="bar-label">
              <span class="clip">{nameOf(group.key, group.rest)}</span>
              <span class="number" title={`$${group.cost_usd}, ${group.calls} calls`}>
                {formatCost(group.cost_usd, group.unpriced_calls)} <span class="quiet">{formatCalls(group.calls)}</span>
              </span>
            </span>
            <meter class="plain" min={0} max={largest || 1} value={Number(group.cost_usd)} aria-hidden="true" />
          </li>
        ))}
      </ul>
    </Card>
  );
}
