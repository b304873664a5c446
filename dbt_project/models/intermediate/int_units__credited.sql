{{ config(materialized='view') }}

with ancestors as (
    select * from {{ source('plan', 'unit_ancestors') }}
),

predecessors as (
    select * from {{ source('plan', 'unit_predecessors') }}
),

-- What happened in a unit is history of the unit that it was renamed to, or merged into.
lines as (
    select
        campaign_id,
        unit_id,
        unit_id as line_unit_id
    from ancestors
    where distance = 0
    union all
    select
        campaign_id,
        predecessor_unit_id as unit_id,
        unit_id as line_unit_id
    from predecessors
)

select distinct
    lines.campaign_id,
    lines.unit_id,
    ancestors.ancestor_unit_id as credited_unit_id
from lines
inner join ancestors on lines.campaign_id = ancestors.campaign_id and lines.line_unit_id = ancestors.unit_id
