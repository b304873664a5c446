{{ config(materialized='table') }}

with ranked_units as (
    select * from {{ ref('int_units__ranked') }}
),

prizes as (
    select * from {{ source('plan', 'prizes') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

conditions as (
    select * from {{ ref('int_prize_conditions__judged') }}
),

metric_values as (
    select * from {{ ref('int_metric_values') }}
),

placements as (
    select * from {{ source('raw', 'placements') }}
),

-- The ladder of prizes as places from 1: 1..1, 2..2, 3..3, 4.. without end.
ladder as (
    select
        prizes.*,
        1 + coalesce(sum(prizes.places) over (
            partition by prizes.campaign_id, prizes.period_id
            order by prizes.position
            rows between unbounded preceding and 1 preceding
        ), 0) as first_place
    from prizes
    where prizes.granted_by = 'rank'
),

-- Who is tied with whom: their ids, which name the tie.
ties as (
    select
        campaign_id,
        period_id,
        bloc_id,
        unit_rank,
        string_agg(unit_id, ',' order by unit_id) as tied_units
    from ranked_units
    where units_at_rank > 1
    group by
        campaign_id,
        period_id,
        bloc_id,
        unit_rank
),

-- Units that share a rank occupy as many places; the prizes that lie in these places are what they may get.
touched as (
    select
        ranked_units.campaign_id,
        ranked_units.period_id,
        ranked_units.bloc_id,
        ranked_units.unit_id,
        ranked_units.units_at_rank,
        ties.tied_units,
        ladder.prize_id,
        ladder.position,
        ladder.amount,
        ladder.is_multiplied,
        ladder.per_metric_id,
        ladder.per_as_of,
        ladder.clause,
        case
            when ladder.places_kind = 'rest' then ranked_units.unit_rank + ranked_units.units_at_rank - 1
            else
                least(
                    ladder.first_place + ladder.places - 1,
                    ranked_units.unit_rank + ranked_units.units_at_rank - 1
                )
        end - greatest(ladder.first_place, ranked_units.unit_rank) + 1 as places_touched
    from ranked_units
    inner join ladder
        on
            ranked_units.campaign_id = ladder.campaign_id
            and ranked_units.period_id = ladder.period_id
            and ranked_units.unit_rank + ranked_units.units_at_rank - 1 >= ladder.first_place
            and (ladder.places_kind = 'rest' or ranked_units.unit_rank <= ladder.first_place + ladder.places - 1)
    left join ties
        on
            ranked_units.campaign_id = ties.campaign_id
            and ranked_units.period_id = ties.period_id
            and coalesce(ranked_units.bloc_id, '') = coalesce(ties.bloc_id, '')
            and ranked_units.unit_rank = ties.unit_rank
),

-- A decision on a tie holds for these units at one rank and for no others: when a figure moves, it is open again.
placed as (
    select
        touched.*,
        placements.unit_id is not null as is_placed,
        count(placements.unit_id) over (
            partition by touched.campaign_id, touched.period_id, touched.tied_units, touched.prize_id
        ) as units_placed
    from touched
    left join placements
        on
            touched.campaign_id = placements.campaign_id
            and touched.period_id = placements.period_id
            and touched.unit_id = placements.unit_id
            and touched.tied_units = placements.tied_units
            and touched.prize_id = placements.prize_id
),

-- And only when it fills each prize's places, no more and no fewer.
filled as (
    select
        *,
        tied_units is not null and min(case when units_placed = places_touched then 1 else 0 end) over (
            partition by campaign_id, period_id, tied_units
        ) = 1 as is_filled
    from placed
),

-- Who was placed holds one prize, as if alone at the rank, or none where the ladder ends.
settled as (
    select
        campaign_id,
        period_id,
        bloc_id,
        unit_id,
        prize_id,
        position,
        amount,
        is_multiplied,
        per_metric_id,
        per_as_of,
        clause,
        case when is_filled then 1 else units_at_rank end as units_at_rank,
        case when is_filled then 1 else places_touched end as places_touched
    from filled
    where is_placed or not is_filled
),

heads as (
    select
        settled.*,
        coalesce(conditions.result, 'pass') as condition_result,
        periods.multiplier,
        metric_values.value as head_count
    from settled
    inner join periods on settled.campaign_id = periods.campaign_id and settled.period_id = periods.period_id
    left join conditions
        on
            settled.campaign_id = conditions.campaign_id
            and settled.period_id = conditions.period_id
            and settled.unit_id = conditions.unit_id
            and settled.prize_id = conditions.prize_id
    left join metric_values
        on
            settled.campaign_id = metric_values.campaign_id
            and settled.unit_id = metric_values.unit_id
            and settled.per_metric_id = metric_values.metric_id
            and metric_values.dimension = ''
            and coalesce(
                metric_values.as_of_date, periods.closing_date
            ) = case settled.per_as_of
                when 'window_start' then {{ local_date('periods.window_from') }}
                else periods.closing_date
            end
)

select
    campaign_id,
    period_id,
    bloc_id,
    unit_id,
    units_at_rank,
    prize_id,
    position,
    cast(places_touched as bigint) as places_touched,
    condition_result,
    amount as amount_per_head,
    case when per_metric_id is not null then head_count end as head_count,
    case when is_multiplied then multiplier else 1 end as multiplier,
    -- Without a headcount the rank stands and the payment is blocked: no amount, not an amount of zero.
    per_metric_id is not null and coalesce(head_count, 0) <= 0 as is_blocked,
    case
        when per_metric_id is null then amount * case when is_multiplied then multiplier else 1 end
        when head_count > 0 then amount * head_count * case when is_multiplied then multiplier else 1 end
    end as amount,
    clause
from heads
