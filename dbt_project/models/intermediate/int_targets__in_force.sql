{{ config(materialized='table') }}

with targets as (
    select * from {{ source('plan', 'targets') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

predecessors as (
    select * from {{ source('plan', 'unit_predecessors') }}
),

-- A period's own target before the general one; of each the latest that is effective on the closing date.
candidates as (
    select
        targets.campaign_id,
        periods.period_id,
        targets.target_id,
        targets.unit_id,
        targets.value,
        targets.value_kind,
        targets.decision_number,
        row_number() over (
            partition by targets.campaign_id, periods.period_id, targets.target_id, targets.unit_id
            order by
                case when targets.period_id is null then 1 else 0 end asc,
                targets.effective_from desc nulls last
        ) as choice
    from targets
    inner join periods
        on
            targets.campaign_id = periods.campaign_id
            and (targets.period_id is null or targets.period_id = periods.period_id)
            and targets.effective_from <= periods.closing_date
),

own as (
    select *
    from candidates
    where choice = 1
),

-- A unit that was assigned nothing of its own carries on what its predecessors were: numbers of people add up, a rate
-- passes on from one to one only. Of a chain of predecessors the nearest that was assigned something counts.
inherited as (
    select
        predecessors.campaign_id,
        assigned.period_id,
        assigned.target_id,
        predecessors.unit_id,
        cast(sum(assigned.value) as bigint) as value,
        assigned.value_kind,
        min(assigned.decision_number) as decision_number,
        count(*) as parts
    from predecessors
    inner join own as assigned
        on
            predecessors.campaign_id = assigned.campaign_id
            and predecessors.predecessor_unit_id = assigned.unit_id
    where
        not exists (
            select 1
            from own
            where
                own.campaign_id = predecessors.campaign_id
                and own.unit_id = predecessors.unit_id
                and own.period_id = assigned.period_id
                and own.target_id = assigned.target_id
        )
        and not exists (
            select 1
            from predecessors as between_units
            inner join predecessors as before_units
                on
                    between_units.campaign_id = before_units.campaign_id
                    and between_units.predecessor_unit_id = before_units.unit_id
            inner join own
                on
                    between_units.campaign_id = own.campaign_id
                    and between_units.predecessor_unit_id = own.unit_id
            where
                between_units.campaign_id = predecessors.campaign_id
                and between_units.unit_id = predecessors.unit_id
                and before_units.predecessor_unit_id = predecessors.predecessor_unit_id
                and own.period_id = assigned.period_id
                and own.target_id = assigned.target_id
        )
    group by
        predecessors.campaign_id,
        assigned.period_id,
        assigned.target_id,
        predecessors.unit_id,
        assigned.value_kind
)

select
    campaign_id,
    period_id,
    target_id,
    unit_id,
    value,
    value_kind,
    decision_number
from own
union all
select
    campaign_id,
    period_id,
    target_id,
    unit_id,
    value,
    value_kind,
    decision_number
from inherited
where value_kind = 'count' or parts = 1
