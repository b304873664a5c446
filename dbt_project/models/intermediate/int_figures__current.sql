{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        meta={
            'dirty': 'int_dirty_scopes',
            'dirty_keys': ['campaign_id', 'export_type', 'unit_id', 'as_of_date'],
        },
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with figures as (
    select * from {{ ref('stg_figures') }}
),

judged_scopes as (
    select * from {{ ref('int_scopes__judged') }}
),

dirty_scopes as (
    select * from {{ ref('int_dirty_scopes') }}
)

select
    figures.campaign_id,
    figures.export_type,
    figures.unit_id,
    figures.as_of_date,
    figures.metric_id,
    figures.dimension,
    figures.member,
    figures.value,
    figures.submission_id,
    figures.sheet,
    figures.line_number
from figures
inner join judged_scopes
    on
        figures.submission_id = judged_scopes.submission_id
        and figures.unit_id = judged_scopes.unit_id
        and figures.as_of_date = judged_scopes.as_of_date
inner join dirty_scopes
    on
        figures.campaign_id = dirty_scopes.campaign_id
        and figures.export_type = dirty_scopes.export_type
        and figures.unit_id = dirty_scopes.unit_id
        and figures.as_of_date = dirty_scopes.as_of_date
where judged_scopes.is_current
