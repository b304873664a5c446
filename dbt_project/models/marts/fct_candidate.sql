{{ config(materialized='table') }}

-- Candidates come from contests of persons, whose events are not computed yet.

select
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as period_id,
    cast(null as varchar) as prize_id,
    cast(null as varchar) as person_key,
    cast(null as varchar) as unit_id,
    cast(null as bigint) as score,
    cast(null as timestamptz) as completed_at
where false
