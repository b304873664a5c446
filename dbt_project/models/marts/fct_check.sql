{{ config(materialized='table') }}

-- Checks of allotments and of launch staffing are not computed yet.

select
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as check_id,
    cast(null as varchar) as period_id,
    cast(null as varchar) as unit_id,
    cast(null as bigint) as actual,
    cast(null as bigint) as expected,
    cast(null as varchar) as result,
    cast(null as varchar) as clause
where false
