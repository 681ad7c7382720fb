-- Who holds each notification of one channel: the claim of its highest epoch with the lowest block number.
-- Parameters: tenant, channel, keys (alert keys), since (claims before are not looked at).
-- Columns: alert_key, state, epoch, claim_id.
SELECT
    alert_key,
    state,
    max(alert_claims.epoch) AS epoch,
    argMin(claim_id, (-toInt64(alert_claims.epoch), _block_number)) AS claim_id
FROM alert_claims
WHERE tenant = {tenant:String} AND channel = {channel:String} AND alert_key IN {keys:Array(String)}
    AND claimed_at >= {since:DateTime64(3, 'UTC')}
GROUP BY alert_key, state
