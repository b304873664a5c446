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

placed as (
    select
        pools.campaign_id,
        pools.period_id,
        pools.authority_unit_id,
        pools.recipient,
        pools.prize_id,
        pools.clause,
        pools.amount as amount_base,
        case when pools.is_multiplied then periods.multiplier else 1 end as multiplier,
        pools.amount * case when pools.is_multiplied then periods.multiplier else 1 end as amount_each,
        case
            when missed_goals.prize_id is not null then 0
            when pools.places_kind = 'count' then pools.places
            -- "không quá": rounded down, never up; nobody listed for a pool is not a pool of nobody.
            when pools.places_kind = 'cap'
                then {{ whole_div('cast(participants.value as ' ~ wide() ~ ') * pools.cap_ppm', '1000000') }}
        end as places
    from pools
    inner join periods on pools.campaign_id = periods.campaign_id and pools.period_id = periods.period_id
    left join missed_goals
        on pools.campaign_id = missed_goals.campaign_id and pools.prize_id = missed_goals.prize_id
    left join participants
        on
            pools.campaign_id = participants.campaign_id
            and pools.period_id = participants.period_id
            and pools.authority_unit_id = participants.authority_unit_id
            and pools.recipient = participants.recipient
            and pools.pool = 'participants'
)

select
    campaign_id,
    period_id,
    authority_unit_id,
    recipient,
    prize_id,
    cast(places as bigint) as places,
    amount_base,
    multiplier,
    amount_each,
    clause
from placed
