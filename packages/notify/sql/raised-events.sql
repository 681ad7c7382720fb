-- Which of these alerts have been raised, and in which states; the first row of each holds.
-- Parameters: tenant, keys (alert keys).
-- Columns: alert_key, state, raised_ms (ms since 1970), alert (JSON).
SELECT
    alert_key,
    state,
    toUnixTimestamp64Milli(argMin(raised_at, _block_number)) AS raised_ms,
    argMin(alert, _block_number) AS alert
FROM alert_events
WHERE tenant = {tenant:String} AND alert_key IN {keys:Array(String)}
GROUP BY alert_key, state
