import { fetchJson, type Alert } from './api.js';
import { Card } from './card.js';
import { formatInstant } from './format.js';
import type { Range } from './range.js';
import { usePoll } from './use-poll.js';

const MOST_SHOWN = 6;

/** What was told to people, newest first, and whether it reached them. */
export function Alerts({ range }: { readonly range: Range }) {
  const { data, error } = usePoll(`alerts ${range.label}`, 5000, (signal) =>
    fetchJson<{ alerts: readonly Alert[] }>('alerts', { days: range.days }, signal),
  );
  const alerts = data?.alerts ?? [];
  return (
    <Card title={`Alerts, ${range.label}`} error={error} loading={!data}>
      {data && alerts.length === 0 && <p class="quiet">None in this range.</p>}
      <ul class="plain-list">
        {alerts.slice(0, MOST_SHOWN).map((alert) => (
          <li key={alert.id}>
            <span class={alert.state === 'firing' ? 'state firing' : 'state'}>{alert.state}</span> {alert.message}{' '}
            <span class="quiet">{deliveryOf(alert)}</span>
          </li>
        ))}
      </ul>
      {alerts.length > MOST_SHOWN && (
        <p class="quiet">
          {alerts.length - MOST_SHOWN} more at <a href={`api/v1/alerts?days=${range.days}`}>api/v1/alerts</a>
        </p>
      )}
    </Card>
  );
}

/** When it fired, and which channels have not got it: the log always does, so it says nothing of a person. */
function deliveryOf(alert: Alert): string {
  const missing = alert.deliveries.filter(({ outcome }) => outcome !== 'delivered').map(({ channel }) => channel);
  const started = formatInstant(alert.started_at);
  return missing.length === 0 ? started : `${started}, not delivered to ${[...new Set(missing)].join(', ')}`;
}
