import { fetchJson, type LatencyGroup } from './api.js';
import { Card } from './card.js';
import { formatCount, formatMilliseconds, nameOf } from './format.js';
import type { Range } from './range.js';
import { usePoll } from './use-poll.js';

/** Latency percentiles by model. */
export function LatencyTable({ range }: { readonly range: Range }) {
  const { data, error } = usePoll(`latency ${range.label}`, 5000, (signal) =>
    fetchJson<{ groups: readonly LatencyGroup[] }>('latency', { days: range.days, group_by: 'model' }, signal),
  );
  return (
    <Card title={`Latency by model, ${range.label}`} error={error} loading={!data}>
      {data?.groups.length === 0 && <p class="quiet">No calls in this range.</p>}
      {data && data.groups.length > 0 && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">Calls</th>
                <th scope="col">p50</th>
                <th scope="col">p95</th>
                <th scope="col">p99</th>
              </tr>
            </thead>
            <tbody>
              {data.groups.map((group) => (
                <tr key={nameOf(group.key)}>
                  <th scope="row" title={nameOf(group.key)}>
                    {nameOf(group.key)}
                  </th>
                  <td>{formatCount(group.calls)}</td>
                  <td>{formatMilliseconds(group.p50_ms)}</td>
                  <td>{formatMilliseconds(group.p95_ms)}</td>
                  <td>{formatMilliseconds(group.p99_ms)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
