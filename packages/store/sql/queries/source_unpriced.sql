    SELECT {{dimensions}}
        toUInt64(1) AS calls,
        {{usage}} AS usage
    FROM {{ledger}} AS c FINAL
    WHERE tenant = {tenant:String} AND ({{ranges}})
        AND cost_status = 'unpriced'
        AND counted
        AND {{hours}}
