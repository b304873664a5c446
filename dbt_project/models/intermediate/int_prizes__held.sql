{{ config(materialized='table') }}

with touched as (
    select * from {{ ref('int_prizes__touched') }}
),

best as (
    select
        *,
        row_number() over (partition by campaign_id, period_id, unit_id order by position) as turn
    from touched
),

-- Over every way in which the tied places can be filled: a place beyond the ladder, or a prize whose condition the
-- unit fails, pays nothing (whatever the headcount); a condition still open may pay nothing.
summed as (
    select
        campaign_id,
        period_id,
        unit_id,
        count(*) as prizes_touched,
        max(units_at_rank) - sum(places_touched) as places_beyond,
        sum(case when is_blocked and condition_result != 'fail' then 1 else 0 end) as blocked_prizes,
        min(case when condition_result = 'pass' then amount else 0 end) as least_amount,
        max(case when condition_result = 'fail' then 0 else amount end) as most_amount
    from touched
    group by
        campaign_id,
        period_id,
        unit_id
),

judged as (
    select
        best.campaign_id,
        best.period_id,
        best.bloc_id,
        best.unit_id,
        best.prize_id,
        best.amount_per_head,
        best.head_count,
        best.multiplier,
        best.amount,
        best.clause,
        summed.places_beyond,
        summed.blocked_prizes,
        summed.least_amount,
        summed.most_amount,
        case
            when summed.prizes_touched > 1 or summed.places_beyond > 0 then 'tie'
            when best.condition_result = 'fail' then 'none'
            when best.condition_result = 'undecided' then 'condition'
            when best.is_blocked then 'no_headcount'
            else 'held'
        end as finding
    from best
    inner join summed
        on
            best.campaign_id = summed.campaign_id
            and best.period_id = summed.period_id
            and best.unit_id = summed.unit_id
    where best.turn = 1
)

select
    campaign_id,
    period_id,
    bloc_id,
    unit_id,
    prize_id,
    amount_per_head,
    head_count,
    multiplier,
    finding,
    case finding
        when 'held' then 'proposed'
        when 'no_headcount' then 'blocked'
        else 'undecided'
    end as status,
    case when finding = 'held' then amount end as amount,
    case
        when finding = 'held' then amount
        when finding in ('tie', 'condition') and blocked_prizes = 0
            then case when places_beyond > 0 or finding = 'condition' then 0 else least_amount end
    end as amount_min,
    case
        when finding = 'held' then amount
        when finding in ('tie', 'condition') and blocked_prizes = 0 then most_amount
    end as amount_max,
    clause
from judged
where finding != 'none'
