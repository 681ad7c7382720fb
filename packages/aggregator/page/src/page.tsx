import { useState } from 'preact/hooks';
import { Alerts } from './alerts.js';
import { Budgets } from './budgets.js';
import { CostChart } from './cost-chart.js';
import { ForecastCard } from './forecast-card.js';
import { GettingStarted } from './getting-started.js';
import { LatencyTable } from './latency-table.js';
import { Quality } from './quality.js';
import { Ranking } from './ranking.js';
import { RANGES, type Range } from './range.js';
import { TotalsCards } from './totals-cards.js';

/** The whole page: totals, forecast, costs over time, rankings, latency, data quality, alerts. */
export function Page() {
  const [range, setRange] = useState<Range>(RANGES[0]);
  return (
    <>
      <header>
        <h1>
          <img src="icon.svg" alt="" width="24" height="24" /> Costel
        </h1>
        <nav aria-label="Time range">
          {RANGES.map((option) => (
            <button key={option.label} type="button" aria-pressed={option === range} onClick={() => setRange(option)}>
              {option.label}
            </button>
          ))}
        </nav>
      </header>
      <main>
        <GettingStarted />
        <TotalsCards />
        <ForecastCard />
        <Budgets />
        <CostChart dimension="model" range={range} />
        <CostChart dimension="feature" range={range} />
        <Ranking dimension="user" title="Top users" range={range} />
        <Ranking dimension="customer" title="Top customers" range={range} />
        <LatencyTable range={range} />
        <div class="column">
          <Quality range={range} />
          <Alerts range={range} />
        </div>
      </main>
      <footer>
        Times in UTC. The same figures as JSON: <a href="api/v1/costs/summary?group_by=model">costs</a> ·{' '}
        <a href="api/v1">all of the API</a> · <a href="api/v1/metrics">metrics</a>
      </footer>
    </>
  );
}
