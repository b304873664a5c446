{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_scopes', 'dirty_keys': ['campaign_id', 'export_type', 'unit_id', 'as_of_date']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with figures as (
    select * from {{ ref('int_figures__current') }}
),

given_figures as (
    select * from {{ ref('int_figures__given') }}
),

dirty_scopes as (
    select * from {{ ref('int_dirty_scopes') }}
)

select
    figures.campaign_id,
    figures.metric_id,
    figures.dimension,
    figures.member,
    figures.unit_id,
    figures.as_of_date,
    figures.value,
    'reported' as origin,
    figures.export_type,
    figures.submission_id,
    figures.sheet,
    figures.line_number
from figures
inner join dirty_scopes
    on
        figures.campaign_id = dirty_scopes.campaign_id
        and figures.export_type = dirty_scopes.export_type
        and figures.unit_id = dirty_scopes.unit_id
        and figures.as_of_date = dirty_scopes.as_of_date
union all
select
    campaign_id,
    metric_id,
    dimension,
    member,
    unit_id,
    as_of_date,
    value,
    'given' as origin,
    'plan' as export_type,
    cast(null as varchar) as submission_id,
    cast(null as varchar) as sheet,
    cast(null as bigint) as line_number
from given_figures
