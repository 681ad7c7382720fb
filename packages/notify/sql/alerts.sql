-- Alerts with their present state and what became of their notifications, newest first;
-- of one instant the highest threshold first, for a burst crosses several.
-- Parameters: tenant; since: raised from then on; state: firing, resolved or empty for both; limit: rows at most.
-- Columns: alert (JSON, as it fired); state; raised_ms and resolved_ms (ms since 1970, 0 when not resolved); deliveries,
--   one (state, channel, outcome, attempts, reason, answered_ms) a notification that was answered.
SELECT
    event.alert AS alert,
    if(event.resolved_ms > 0, 'resolved', 'firing') AS state,
    event.raised_ms AS raised_ms,
    event.resolved_ms AS resolved_ms,
    delivery.deliveries AS deliveries
FROM
(
    SELECT
        alert_key,
        argMinIf(alert_events.alert, _block_number, alert_events.state = 'firing') AS alert,
        anyIf(threshold_percent, alert_events.state = 'firing') AS threshold,
        toUnixTimestamp64Milli(minIf(raised_at, alert_events.state = 'firing')) AS raised_ms,
        if(countIf(alert_events.state = 'resolved') > 0,
            toUnixTimestamp64Milli(minIf(raised_at, alert_events.state = 'resolved')), 0) AS resolved_ms
    FROM alert_events
    WHERE tenant = {tenant:String} AND raised_at >= {since:DateTime64(3, 'UTC')}
    GROUP BY alert_key
    HAVING countIf(alert_events.state = 'firing') > 0
) AS event
LEFT JOIN
(
    SELECT alert_key, groupArray((state, channel, outcome, attempts, reason, answered_ms)) AS deliveries
    FROM
    (
        SELECT alert_key, state, channel,
            argMax(alert_deliveries.outcome, (alert_deliveries.outcome != 'retry', epoch)) AS outcome,
            count() AS attempts,
            argMax(alert_deliveries.reason, (alert_deliveries.outcome != 'retry', epoch)) AS reason,
            toUnixTimestamp64Milli(max(answered_at)) AS answered_ms
        FROM alert_deliveries
        WHERE tenant = {tenant:String} AND answered_at >= {since:DateTime64(3, 'UTC')}
        GROUP BY alert_key, state, channel
        ORDER BY alert_key, state, channel
    )
    GROUP BY alert_key
) AS delivery ON delivery.alert_key = event.alert_key
WHERE {state:String} = '' OR state = {state:String}
ORDER BY raised_ms DESC, event.threshold DESC, event.alert_key
LIMIT {limit:UInt32}
SETTINGS join_use_nulls = 0
