{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with eligibility as (
    select * from {{ ref('int_eligibility__judged') }}
),

ranked_units as (
    select * from {{ ref('int_units__ranked') }}
),

held_prizes as (
    select * from {{ ref('int_prizes__held') }}
),

ranking_keys as (
    select * from {{ source('plan', 'ranking_keys') }}
)

select
    eligibility.campaign_id,
    eligibility.period_id,
    eligibility.bloc_id,
    eligibility.unit_id,
    ranked_units.unit_rank as rank,
    coalesce(ranked_units.units_at_rank > 1, false) as is_tied,
    case when held_prizes.status in ('proposed', 'blocked') then held_prizes.prize_id end as prize_id,
    ranking_keys.clause
from eligibility
inner join ranking_keys
    on
        eligibility.campaign_id = ranking_keys.campaign_id
        and eligibility.period_id = ranking_keys.period_id
        and ranking_keys.position = 1
left join ranked_units
    on
        eligibility.campaign_id = ranked_units.campaign_id
        and eligibility.period_id = ranked_units.period_id
        and eligibility.unit_id = ranked_units.unit_id
left join held_prizes
    on
        eligibility.campaign_id = held_prizes.campaign_id
        and eligibility.period_id = held_prizes.period_id
        and eligibility.unit_id = held_prizes.unit_id
