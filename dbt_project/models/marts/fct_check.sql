{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with checks as (
    select * from {{ ref('int_checks__computed') }}
)

select
    campaign_id,
    check_id,
    period_id,
    unit_id,
    metric_id,
    dimension,
    member,
    over_metric_id,
    actual,
    expected,
    actual - expected as difference,
    case
        when actual is null or expected is null then 'no_data'
        when kind = 'children_add_up' and actual = expected then 'pass'
        when kind != 'children_add_up' and actual >= expected then 'pass'
        else 'fail'
    end as result,
    clause
from checks
