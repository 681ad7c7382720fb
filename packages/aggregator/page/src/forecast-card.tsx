import { fetchJson, type Forecast } from './api.js';
import { Card } from './card.js';
import { formatUsd } from './format.js';
import { usePoll } from './use-poll.js';

/** What the month will cost, how sure that is, and how far off such forecasts have been. */
export function ForecastCard() {
  const { data, error } = usePoll('forecast', 15_000, (signal) => fetchJson<Forecast>('forecast', {}, signal));
  return (
    <Card title="Forecast at month end" size="third" error={error} loading={!data}>
      {data && <ForecastView forecast={data} />}
    </Card>
  );
}

function ForecastView({ forecast }: { readonly forecast: Forecast }) {
  const { expected_usd: expected, intervals, backtest } = forecast;
  if (expected === null) return <p class="quiet">No spend yet to forecast from.</p>;
  return (
    <>
      <p class="figure" id="forecast" title={`$${expected}`}>
        {formatUsd(expected)}
      </p>
      {intervals && (
        <p class="quiet">
          {formatUsd(intervals['80'][0])} to {formatUsd(intervals['80'][1])} in 4 of 5 cases
          <br />
          {formatUsd(intervals['95'][0])} to {formatUsd(intervals['95'][1])} in 19 of 20
        </p>
      )}
      <p class="quiet">
        {backtest.wape === null || backtest.n === 0
          ? 'Too little history to measure its error'
          : `Past error ${(100 * backtest.wape).toFixed(0)} % over ${backtest.n} forecasts`}
        {forecast.previous_period_usd !== null && ` · last month ${formatUsd(forecast.previous_period_usd)}`}
      </p>
    </>
  );
}
