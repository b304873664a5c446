{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_scopes', 'dirty_keys': ['campaign_id', 'export_type', 'unit_id', 'as_of_date']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with judged_scopes as (
    select * from {{ ref('int_scopes__judged') }}
),

dirty_scopes as (
    select * from {{ ref('int_dirty_scopes') }}
)

select
    judged_scopes.submission_id,
    judged_scopes.campaign_id,
    judged_scopes.export_type,
    judged_scopes.unit_id,
    judged_scopes.as_of_date,
    judged_scopes.status,
    judged_scopes.is_current,
    judged_scopes.superseded_by
from judged_scopes
inner join dirty_scopes
    on
        judged_scopes.campaign_id = dirty_scopes.campaign_id
        and judged_scopes.export_type = dirty_scopes.export_type
        and judged_scopes.unit_id = dirty_scopes.unit_id
        and judged_scopes.as_of_date = dirty_scopes.as_of_date
