{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with held_prizes as (
    select * from {{ ref('int_prizes__held') }}
),

nominations as (
    select * from {{ ref('int_nominations__computed') }}
),

pools as (
    select * from {{ ref('int_award_pools__computed') }}
),

unit_candidates as (
    select * from {{ ref('int_unit_candidates') }}
    where is_awarded
),

prizes as (
    select * from {{ source('plan', 'prizes') }}
),

unit_lines as (
    select
        campaign_id,
        period_id,
        bloc_id,
        cast(null as varchar) as authority_unit_id,
        'unit' as recipient_kind,
        unit_id,
        prize_id,
        cast(1 as bigint) as places,
        head_count,
        amount_per_head as amount_base,
        multiplier,
        amount_per_head * multiplier as amount_each,
        amount,
        amount_min,
        amount_max,
        status,
        case finding when 'held' then null else finding end as status_reason,
        clause
    from held_prizes
),

nomination_lines as (
    select
        campaign_id,
        period_id,
        bloc_id,
        cast(null as varchar) as authority_unit_id,
        recipient as recipient_kind,
        unit_id,
        prize_id,
        case when status = 'proposed' then quota_if_awarded end as places,
        cast(null as bigint) as head_count,
        amount_base,
        multiplier,
        amount_per_person as amount_each,
        case when status = 'proposed' then quota_if_awarded * amount_per_person end as amount,
        quota_at_least * amount_per_person as amount_min,
        quota_if_awarded * amount_per_person as amount_max,
        status,
        case when status = 'undecided' then 'tie' end as status_reason,
        clause
    from nominations
),

-- Who gets a prize by decision is people's; the pool shows how many there can be and what it may cost.
pool_lines as (
    select
        campaign_id,
        period_id,
        cast(null as varchar) as bloc_id,
        authority_unit_id,
        recipient as recipient_kind,
        cast(null as varchar) as unit_id,
        prize_id,
        places,
        cast(null as bigint) as head_count,
        amount_base,
        multiplier,
        amount_each,
        cast(null as bigint) as amount,
        case when amount_each is not null then 0 end as amount_min,
        places * amount_each as amount_max,
        -- Beyond its places a pool is not paid until the council takes decisions back; a share of a list that nobody
        -- gave has no place to give yet.
        case
            when awarded > places or (is_uncounted and awarded > 0) then 'blocked'
            else 'undecided'
        end as status,
        case
            when is_uncounted then 'no_participants'
            when awarded > places then 'over_cap'
            else 'decision'
        end as status_reason,
        clause
    from pools
),

-- Whom a decision gives a prize. Where the plan names no money there is none.
decided_lines as (
    select
        unit_candidates.campaign_id,
        unit_candidates.period_id,
        unit_candidates.bloc_id,
        unit_candidates.authority_unit_id,
        'unit' as recipient_kind,
        unit_candidates.unit_id,
        unit_candidates.prize_id,
        cast(1 as bigint) as places,
        cast(null as bigint) as head_count,
        pools.amount_base,
        pools.multiplier,
        pools.amount_each,
        pools.amount_each as amount,
        pools.amount_each as amount_min,
        pools.amount_each as amount_max,
        'awarded' as status,
        case when unit_candidates.result = 'pass' then null else unit_candidates.reason_code end as status_reason,
        unit_candidates.clause
    from unit_candidates
    inner join pools
        on
            unit_candidates.campaign_id = pools.campaign_id
            and unit_candidates.period_id = pools.period_id
            and unit_candidates.prize_id = pools.prize_id
            and coalesce(unit_candidates.authority_unit_id, '') = coalesce(pools.authority_unit_id, '')
),

lines as (
    select * from unit_lines
    union all
    select * from nomination_lines
    union all
    select * from pool_lines
    union all
    select * from decided_lines
)

select
    lines.campaign_id,
    lines.period_id,
    lines.bloc_id,
    lines.authority_unit_id,
    lines.recipient_kind,
    lines.unit_id,
    lines.prize_id,
    prizes.name as prize_name,
    lines.places,
    cast(lines.head_count as bigint) as head_count,
    cast(lines.amount_base as bigint) as amount_base,
    cast(lines.multiplier as bigint) as multiplier,
    cast(lines.amount_each as bigint) as amount_each,
    cast(lines.amount as bigint) as amount,
    cast(lines.amount_min as bigint) as amount_min,
    cast(lines.amount_max as bigint) as amount_max,
    lines.status,
    lines.status_reason,
    lines.clause
from lines
inner join prizes
    on
        lines.campaign_id = prizes.campaign_id
        and lines.period_id = prizes.period_id
        and lines.prize_id = prizes.prize_id
