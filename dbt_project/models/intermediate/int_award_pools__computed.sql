{{ config(materialized='table') }}

with dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
),

prizes as (
    select * from {{ source('plan', 'prizes') }}
),

prize_authorities as (
    select * from {{ source('plan', 'prize_authorities') }}
),

prize_conditions as (
    select * from {{ source('plan', 'prize_conditions') }}
),

participants as (
    select * from {{ source('plan', 'participants') }}
),

units as (
    select * from {{ source('plan', 'units') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

goals as (
    select * from {{ ref('int_goals__computed') }}
),

unit_candidates as (
    select * from {{ ref('int_unit_candidates') }}
),

person_candidates as (
    select * from {{ ref('int_person_candidates') }}
),

ancestors as (
    select * from {{ source('plan', 'unit_ancestors') }}
),

-- A prize that hangs on a goal which was missed has no place to give.
missed_goals as (
    select distinct
        prize_conditions.campaign_id,
        prize_conditions.prize_id
    from prize_conditions
    inner join goals
        on prize_conditions.campaign_id = goals.campaign_id and prize_conditions.goal_id = goals.goal_id
    where not goals.is_met
),

pools as (
    select
        prizes.*,
        units.unit_id as authority_unit_id
    from prizes
    inner join dirty_campaigns on prizes.campaign_id = dirty_campaigns.campaign_id
    left join prize_authorities
        on prizes.campaign_id = prize_authorities.campaign_id and prizes.prize_id = prize_authorities.prize_id
    left join units
        on prize_authorities.campaign_id = units.campaign_id and prize_authorities.unit_type = units.unit_type
    where
        prizes.granted_by = 'decision'
        and (prize_authorities.prize_id is null or units.unit_id is not null)
),

-- Of units those in the authority's pool; of persons those that the plan lets a metric name, below the authority.
eligible_units as (
    select
        campaign_id,
        period_id,
        prize_id,
        authority_unit_id,
        sum(case when result = 'pass' then 1 else 0 end) as value,
        sum(case when is_awarded then 1 else 0 end) as awarded
    from unit_candidates
    group by
        campaign_id,
        period_id,
        prize_id,
        authority_unit_id
),

eligible_persons as (
    select
        person_candidates.campaign_id,
        person_candidates.period_id,
        person_candidates.prize_id,
        ancestors.ancestor_unit_id as authority_unit_id,
        count(*) as value
    from person_candidates
    inner join ancestors
        on
            person_candidates.campaign_id = ancestors.campaign_id
            and person_candidates.unit_id = ancestors.unit_id
    group by
        person_candidates.campaign_id,
        person_candidates.period_id,
        person_candidates.prize_id,
        ancestors.ancestor_unit_id
),

sized as (
    select
        pools.*,
        coalesce(eligible_units.awarded, 0) as awarded,
        case
            when pools.pool = 'participants' then participants.value
            when pools.recipient = 'unit' then coalesce(eligible_units.value, 0)
            when pools.candidates_metric_id is not null then coalesce(eligible_persons.value, 0)
        end as pool_size
    from pools
    left join participants
        on
            pools.campaign_id = participants.campaign_id
            and pools.period_id = participants.period_id
            and pools.authority_unit_id = participants.authority_unit_id
            and pools.recipient = participants.recipient
    left join eligible_units
        on
            pools.campaign_id = eligible_units.campaign_id
            and pools.period_id = eligible_units.period_id
            and pools.prize_id = eligible_units.prize_id
            and coalesce(pools.authority_unit_id, '') = coalesce(eligible_units.authority_unit_id, '')
    left join eligible_persons
        on
            pools.campaign_id = eligible_persons.campaign_id
            and pools.period_id = eligible_persons.period_id
            and pools.prize_id = eligible_persons.prize_id
            and pools.authority_unit_id = eligible_persons.authority_unit_id
),

placed as (
    select
        sized.campaign_id,
        sized.period_id,
        sized.authority_unit_id,
        sized.recipient,
        sized.prize_id,
        sized.clause,
        sized.pool_size,
        sized.awarded,
        sized.places_kind,
        sized.amount as amount_base,
        case when sized.is_multiplied then periods.multiplier else 1 end as multiplier,
        sized.amount * case when sized.is_multiplied then periods.multiplier else 1 end as amount_each,
        case
            when missed_goals.prize_id is not null then 0
            when sized.places_kind = 'count' then sized.places
            -- "không quá": rounded down, never up; nobody listed for a pool is not a pool of nobody.
            when sized.places_kind = 'cap'
                then {{ whole_div('cast(sized.pool_size as ' ~ wide() ~ ') * sized.cap_ppm', '1000000') }}
        end as places
    from sized
    inner join periods on sized.campaign_id = periods.campaign_id and sized.period_id = periods.period_id
    left join missed_goals
        on sized.campaign_id = missed_goals.campaign_id and sized.prize_id = missed_goals.prize_id
)

select
    campaign_id,
    period_id,
    authority_unit_id,
    recipient,
    prize_id,
    cast(places as bigint) as places,
    cast(pool_size as bigint) as pool_size,
    cast(awarded as bigint) as awarded,
    places_kind = 'cap' and places is null as is_uncounted,
    amount_base,
    multiplier,
    amount_each,
    clause
from placed
