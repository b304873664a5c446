{{ config(materialized='table') }}

-- Names come with the decisions of a closing; until one is closed there is none.

select
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as period_id,
    cast(null as varchar) as prize_id,
    cast(null as varchar) as unit_id,
    cast(null as varchar) as name,
    cast(null as bigint) as amount,
    cast(null as bigint) as version
where false
