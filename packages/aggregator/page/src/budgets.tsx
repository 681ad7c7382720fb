import { fetchJson, type Budget } from './api.js';
import { Card } from './card.js';
import { formatUsd } from './format.js';
import { usePoll } from './use-poll.js';

/** One bar a budget: spent of limit in its current period. */
export function Budgets() {
  const { data, error } = usePoll('budgets', 2000, (signal) =>
    fetchJson<{ budgets: readonly Budget[] }>('budgets', {}, signal),
  );
  return (
    <Card title="Budgets" size="full" error={error} loading={!data}>
      {data?.budgets.length === 0 && <p class="quiet">None yet. Add one to costel.yaml under “budgets”.</p>}
      <ul class="bars columns">
        {data?.budgets.map((budget) => (
          <BudgetBar key={`${budget.name} ${budget.window} ${JSON.stringify(budget.scope)}`} budget={budget} />
        ))}
      </ul>
    </Card>
  );
}

function BudgetBar({ budget }: { readonly budget: Budget }) {
  const percent = budget.spent_percent;
  const level = percent >= 100 ? 'over' : percent >= 75 ? 'near' : 'fine';
  const hasAssumed = Number(budget.assumed_usd) > 0;
  return (
    <li>
      <span class="bar-label">
        <span>
          {budget.name} <span class="quiet">({budget.window})</span>
        </span>
        <span
          class="number"
          title={`$${budget.spent_usd} of $${budget.limit_usd}, ${budget.period.start} to ${budget.period.end}`}
        >
          {formatUsd(budget.spent_usd)} of {formatUsd(budget.limit_usd)} · {percent.toFixed(0)} %
        </span>
      </span>
      <meter
        class={level}
        min={0}
        max={100}
        value={Math.min(percent, 100)}
        aria-label={`${budget.name}: ${percent.toFixed(0)} % spent`}
      />
      {hasAssumed && (
        <p class="quiet">+ at most {formatUsd(budget.assumed_usd)} for calls without a price, part of the percentage</p>
      )}
    </li>
  );
}
