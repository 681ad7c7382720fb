import { fetchJson, type Summary } from './api.js';
import { Card } from './card.js';
import { usePoll } from './use-poll.js';

/** How to send the first calls; shown for as long as the month has none. */
export function GettingStarted() {
  const { data } = usePoll('month', 2000, (signal) => fetchJson<Summary>('costs/summary', {}, signal));
  if (!data || data.total.calls > 0) return null;
  return (
    <Card title="Waiting for the first call of this month" size="full">
      <p>
        Live traffic of a demo: <code>npm run demo</code>
      </p>
      <p>
        Your own Node application: <code>node --import @costel/node/register app.mjs</code>
      </p>
      <p>
        Anything else that speaks OpenTelemetry: OTLP to the address that <code>costel up</code> printed (port 4318
        unless you chose another). <code>costel doctor</code> says what is missing.
      </p>
    </Card>
  );
}
