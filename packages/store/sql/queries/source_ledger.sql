    SELECT {{dimensions}}
        {{measures}}{{latency}}
    FROM llm_calls AS c FINAL
    WHERE tenant = {tenant:String} AND ({{ranges}}){{filters}}
        AND {{days}}
    {{group_by}}
