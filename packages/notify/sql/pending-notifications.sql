-- Notifications, one an (alert, state, channel), that have not come to an end, oldest first.
-- Parameters: tenant; since: events raised before are no longer looked at; limit: rows at most.
-- Columns: alert_key, state, channel; raised_ms; epoch (of the last claim, 0 without one), lease_ms (its end);
--   answered_epoch (of the last answered attempt, 0 without one), next_ms (its earliest next attempt). Times in ms since 1970.
SELECT
    event.alert_key AS alert_key,
    event.state AS state,
    event.channel AS channel,
    event.raised_ms AS raised_ms,
    claim.epoch AS epoch,
    claim.lease_ms AS lease_ms,
    delivery.answered_epoch AS answered_epoch,
    delivery.next_ms AS next_ms
FROM
(
    SELECT alert_key, state, channel, toUnixTimestamp64Milli(min(raised_at)) AS raised_ms
    FROM alert_events
    ARRAY JOIN channels AS channel
    WHERE tenant = {tenant:String} AND raised_at >= {since:DateTime64(3, 'UTC')}
    GROUP BY alert_key, state, channel
) AS event
LEFT JOIN
(
    SELECT alert_key, state, channel, max(alert_claims.epoch) AS epoch,
        toUnixTimestamp64Milli(argMax(lease_until, (alert_claims.epoch, lease_until))) AS lease_ms
    FROM alert_claims
    WHERE tenant = {tenant:String} AND claimed_at >= {since:DateTime64(3, 'UTC')}
    GROUP BY alert_key, state, channel
) AS claim ON claim.alert_key = event.alert_key AND claim.state = event.state AND claim.channel = event.channel
LEFT JOIN
(
    SELECT alert_key, state, channel, max(epoch) AS answered_epoch,
        toUnixTimestamp64Milli(argMax(next_attempt_at, epoch)) AS next_ms,
        countIf(outcome != 'retry') AS ended
    FROM alert_deliveries
    WHERE tenant = {tenant:String} AND answered_at >= {since:DateTime64(3, 'UTC')}
    GROUP BY alert_key, state, channel
) AS delivery ON delivery.alert_key = event.alert_key AND delivery.state = event.state AND delivery.channel = event.channel
WHERE delivery.ended = 0
ORDER BY raised_ms, state, alert_key, channel
LIMIT {limit:UInt32}
SETTINGS join_use_nulls = 0
