import { fetchJson, type Summary, type UnpricedModel } from './api.js';
import { Card } from './card.js';
import { formatCalls, formatCount, formatShare } from './format.js';
import type { Range } from './range.js';
import { usePoll } from './use-poll.js';

/** How much of the spend is known exactly, and which models have no price. */
export function Quality({ range }: { readonly range: Range }) {
  const summary = usePoll(`quality ${range.label}`, 5000, (signal) =>
    fetchJson<Summary>('costs/summary', { days: range.days }, signal),
  );
  const unpriced = usePoll(`unpriced ${range.label}`, 5000, (signal) =>
    fetchJson<{ models: readonly UnpricedModel[] }>('unpriced', { days: range.days }, signal),
  );
  const total = summary.data?.total;
  return (
    <Card title={`Data quality, ${range.label}`} error={summary.error ?? unpriced.error} loading={!total}>
      {total && (
        <dl>
          <dt>Calls without a price</dt>
          <dd class={total.unpriced_calls > 0 ? 'warning' : ''} id="unpriced-share">
            {formatShare(total.unpriced_calls, total.calls)} ({formatCount(total.unpriced_calls)})
          </dd>
          <dt>Calls with estimated usage</dt>
          <dd>
            {formatShare(total.estimated_calls, total.calls)} ({formatCount(total.estimated_calls)})
          </dd>
        </dl>
      )}
      {unpriced.data && unpriced.data.models.length > 0 && (
        <ul class="plain-list">
          {unpriced.data.models.map((model) => (
            <li key={`${model.provider} ${model.model} ${model.reason}`}>
              <strong>{model.model || '(no model)'}</strong> from {model.provider || '(no provider)'}:{' '}
              {model.reason.replaceAll('_', ' ')}, {formatCalls(model.calls)}
            </li>
          ))}
          <li class="quiet">
            Their cost is in no total. State a price under <code>prices.overrides</code> in costel.yaml, or get newer
            ones: <code>costel prices update</code>.
          </li>
        </ul>
      )}
    </Card>
  );
}
