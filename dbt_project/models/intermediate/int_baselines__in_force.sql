{{ config(materialized='view') }}

with baselines as (
    select * from {{ source('plan', 'baselines') }}
),

predecessors as (
    select * from {{ source('plan', 'unit_predecessors') }}
),

-- As with targets: what a merged unit starts from is the sum of what its predecessors started from.
inherited as (
    select
        predecessors.campaign_id,
        baselines.metric_id,
        predecessors.unit_id,
        cast(sum(baselines.value) as bigint) as value
    from predecessors
    inner join baselines
        on
            predecessors.campaign_id = baselines.campaign_id
            and predecessors.predecessor_unit_id = baselines.unit_id
    where
        not exists (
            select 1
            from baselines as own
            where
                own.campaign_id = predecessors.campaign_id
                and own.unit_id = predecessors.unit_id
                and own.metric_id = baselines.metric_id
        )
        and not exists (
            select 1
            from predecessors as between_units
            inner join predecessors as before_units
                on
                    between_units.campaign_id = before_units.campaign_id
                    and between_units.predecessor_unit_id = before_units.unit_id
            inner join baselines as own
                on
                    between_units.campaign_id = own.campaign_id
                    and between_units.predecessor_unit_id = own.unit_id
            where
                between_units.campaign_id = predecessors.campaign_id
                and between_units.unit_id = predecessors.unit_id
                and before_units.predecessor_unit_id = predecessors.predecessor_unit_id
                and own.metric_id = baselines.metric_id
        )
    group by
        predecessors.campaign_id,
        baselines.metric_id,
        predecessors.unit_id
)

select
    campaign_id,
    metric_id,
    unit_id,
    value
from baselines
union all
select
    campaign_id,
    metric_id,
    unit_id,
    value
from inherited
