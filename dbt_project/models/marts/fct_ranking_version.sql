{{ config(materialized='table') }}

-- Official versions come from the closing of a period; until one is closed there is none.

select
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as period_id,
    cast(null as varchar) as bloc_id,
    cast(null as varchar) as unit_id,
    cast(null as bigint) as version,
    cast(null as bigint) as rank,
    cast(null as boolean) as is_tied,
    cast(null as varchar) as prize_id,
    cast(null as bigint) as numerator,
    cast(null as bigint) as denominator,
    cast(null as bigint) as amount,
    cast(null as bigint) as quota,
    cast(null as timestamptz) as approved_at,
    cast(null as varchar) as content_hash,
    cast(null as varchar) as clause
where false
