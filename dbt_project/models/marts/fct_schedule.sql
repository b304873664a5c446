{{ config(materialized='table') }}

-- A rollout's groups come from events of persons, which are not computed yet.

select
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as dimension,
    cast(null as varchar) as member,
    cast(null as date) as planned_from,
    cast(null as date) as planned_through,
    cast(null as timestamptz) as first_event_at,
    cast(null as varchar) as status,
    cast(null as varchar) as clause
where false
