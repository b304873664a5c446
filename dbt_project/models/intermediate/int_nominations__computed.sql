{{ config(materialized='table') }}

with held as (
    select * from {{ ref('int_prizes__held') }}
),

touched as (
    select * from {{ ref('int_prizes__touched') }}
),

conditions as (
    select * from {{ ref('int_prize_conditions__judged') }}
),

prizes as (
    select * from {{ source('plan', 'prizes') }}
),

prize_of_prizes as (
    select * from {{ source('plan', 'prize_of_prizes') }}
),

prize_quotas as (
    select * from {{ source('plan', 'prize_quotas') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

nominations as (
    select * from prizes
    where granted_by = 'nomination'
),

-- The places that a unit occupies, with those beyond the ladder, which bring nothing.
places as (
    select
        campaign_id,
        period_id,
        unit_id,
        max(units_at_rank) as places
    from touched
    group by
        campaign_id,
        period_id,
        unit_id
),

-- Units that hold one of the prizes named, or may hold one once a tie is decided; in how many of their places surely.
nominating as (
    select
        nominations.campaign_id,
        nominations.period_id,
        nominations.prize_id,
        held.bloc_id,
        held.unit_id,
        held.status,
        sum(case when touched.condition_result = 'pass' then touched.places_touched else 0 end) as nominating_places
    from nominations
    inner join prize_of_prizes
        on
            nominations.campaign_id = prize_of_prizes.campaign_id
            and nominations.prize_id = prize_of_prizes.prize_id
    inner join touched
        on
            nominations.campaign_id = touched.campaign_id
            and nominations.period_id = touched.period_id
            and prize_of_prizes.of_prize_id = touched.prize_id
            and touched.condition_result != 'fail'
    inner join held
        on
            touched.campaign_id = held.campaign_id
            and touched.period_id = held.period_id
            and touched.unit_id = held.unit_id
    group by
        nominations.campaign_id,
        nominations.period_id,
        nominations.prize_id,
        held.bloc_id,
        held.unit_id,
        held.status
)

select
    nominating.campaign_id,
    nominating.period_id,
    nominating.bloc_id,
    nominating.unit_id,
    nominating.prize_id,
    nominations.recipient,
    coalesce(prize_quotas.quota, nominations.quota) as quota_if_awarded,
    -- However the tie is decided: nobody, unless each of its places nominates.
    case
        when nominating.nominating_places = places.places and coalesce(conditions.result, 'pass') = 'pass'
            then coalesce(prize_quotas.quota, nominations.quota)
        else 0
    end as quota_at_least,
    nominations.amount as amount_base,
    case when nominations.is_multiplied then periods.multiplier else 1 end as multiplier,
    nominations.amount
    * case when nominations.is_multiplied then periods.multiplier else 1 end as amount_per_person,
    -- A prize undecided makes its quota undecided; a payment blocked for want of a headcount does not.
    case
        when nominating.status = 'undecided' then 'undecided'
        when coalesce(conditions.result, 'pass') = 'undecided' then 'undecided'
        else 'proposed'
    end as status,
    nominations.clause
from nominating
inner join nominations
    on
        nominating.campaign_id = nominations.campaign_id
        and nominating.period_id = nominations.period_id
        and nominating.prize_id = nominations.prize_id
inner join periods
    on nominating.campaign_id = periods.campaign_id and nominating.period_id = periods.period_id
inner join places
    on
        nominating.campaign_id = places.campaign_id
        and nominating.period_id = places.period_id
        and nominating.unit_id = places.unit_id
left join prize_quotas
    on
        nominating.campaign_id = prize_quotas.campaign_id
        and nominating.prize_id = prize_quotas.prize_id
        and nominating.unit_id = prize_quotas.unit_id
left join conditions
    on
        nominating.campaign_id = conditions.campaign_id
        and nominating.period_id = conditions.period_id
        and nominating.prize_id = conditions.prize_id
        and nominating.unit_id = conditions.unit_id
where coalesce(conditions.result, 'pass') != 'fail'
