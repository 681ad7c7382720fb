    SELECT {{dimensions}}
        {{measures}}{{latency}}
    FROM {{ledger}} AS c FINAL
    WHERE tenant = {tenant:String} AND ({{ranges}}){{filters}}
        AND {{hours}}
    {{group_by}}
