import { fetchJson, type Summary, type Totals } from './api.js';
import { Card } from './card.js';
import { formatCalls, formatCount, formatShare, formatUsd } from './format.js';
import { usePoll } from './use-poll.js';

const EVERY_MS = 1000;

/** Today's and the month's totals, once a second. */
export function TotalsCards() {
  const today = usePoll('today', EVERY_MS, (signal) => fetchJson<Summary>('costs/today', {}, signal));
  const month = usePoll('month', EVERY_MS, (signal) => fetchJson<Summary>('costs/summary', {}, signal));
  return (
    <>
      <Card title="Today" size="third" error={today.error} loading={!today.data}>
        {today.data && <TotalsView totals={today.data.total} id="total-today" />}
      </Card>
      <Card title="Month to date" size="third" error={month.error} loading={!month.data}>
        {month.data && <TotalsView totals={month.data.total} id="total-month" />}
      </Card>
    </>
  );
}

function TotalsView({ totals, id }: { readonly totals: Totals; readonly id: string }) {
  return (
    <>
      <p class="figure" id={id} title={`$${totals.cost_usd}`} data-usd={totals.cost_usd}>
        {formatUsd(totals.cost_usd)}
      </p>
      <p class="quiet">
        {formatCalls(totals.calls)} · {formatCount(totals.input_tokens)} in · {formatCount(totals.output_tokens)} out
      </p>
      <p class={totals.unpriced_calls > 0 ? 'warning' : 'quiet'}>
        {formatShare(totals.unpriced_calls, totals.calls)} unpriced ·{' '}
        {formatShare(totals.estimated_calls, totals.calls)} estimated
      </p>
    </>
  );
}
