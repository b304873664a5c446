{{ config(materialized='table') }}

with eligibility as (
    select * from {{ ref('int_eligibility__judged') }}
),

prizes as (
    select * from {{ source('plan', 'prizes') }}
),

prize_authorities as (
    select * from {{ source('plan', 'prize_authorities') }}
),

ancestors as (
    select * from {{ source('plan', 'unit_ancestors') }}
),

units as (
    select * from {{ source('plan', 'units') }}
),

conditions as (
    select * from {{ ref('int_prize_conditions__judged') }}
),

decided_awards as (
    select * from {{ ref('int_awards__decided') }}
),

-- Who awards is the nearest unit above of a type that the plan names; nobody awards himself.
authorities as (
    select
        prize_authorities.campaign_id,
        prize_authorities.prize_id,
        ancestors.unit_id,
        ancestors.ancestor_unit_id as authority_unit_id,
        row_number() over (
            partition by prize_authorities.campaign_id, prize_authorities.prize_id, ancestors.unit_id
            order by ancestors.distance
        ) as turn
    from prize_authorities
    inner join units
        on prize_authorities.campaign_id = units.campaign_id and prize_authorities.unit_type = units.unit_type
    inner join ancestors
        on units.campaign_id = ancestors.campaign_id and units.unit_id = ancestors.ancestor_unit_id
    where ancestors.distance > 0
),

with_authority as (
    select distinct
        campaign_id,
        prize_id
    from prize_authorities
)

select
    eligibility.campaign_id,
    eligibility.period_id,
    eligibility.bloc_id,
    eligibility.unit_id,
    prizes.prize_id,
    authorities.authority_unit_id,
    case
        when not eligibility.is_eligible or conditions.result = 'fail' then 'fail'
        when eligibility.is_eligible and coalesce(conditions.result, 'pass') = 'pass' then 'pass'
        else 'undecided'
    end as result,
    case
        when eligibility.is_eligible and conditions.result = 'fail' then 'prize_condition'
        when eligibility.is_eligible and conditions.result = 'undecided' then 'awaiting_condition'
        else eligibility.reason_code
    end as reason_code,
    decided_awards.unit_id is not null as is_awarded,
    prizes.clause
from eligibility
inner join prizes
    on
        eligibility.campaign_id = prizes.campaign_id
        and eligibility.period_id = prizes.period_id
        and prizes.granted_by = 'decision'
        and prizes.recipient = 'unit'
left join with_authority
    on prizes.campaign_id = with_authority.campaign_id and prizes.prize_id = with_authority.prize_id
left join authorities
    on
        eligibility.campaign_id = authorities.campaign_id
        and eligibility.unit_id = authorities.unit_id
        and prizes.prize_id = authorities.prize_id
        and authorities.turn = 1
left join conditions
    on
        eligibility.campaign_id = conditions.campaign_id
        and eligibility.period_id = conditions.period_id
        and eligibility.unit_id = conditions.unit_id
        and prizes.prize_id = conditions.prize_id
left join decided_awards
    on
        eligibility.campaign_id = decided_awards.campaign_id
        and eligibility.period_id = decided_awards.period_id
        and eligibility.unit_id = decided_awards.unit_id
        and prizes.prize_id = decided_awards.prize_id
where with_authority.prize_id is null or authorities.authority_unit_id is not null
