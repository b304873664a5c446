{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with nominations as (
    select * from {{ ref('int_nominations__computed') }}
)

select
    campaign_id,
    period_id,
    unit_id,
    prize_id,
    case when status = 'proposed' then quota_if_awarded end as quota,
    cast(amount_per_person as bigint) as amount_per_person,
    clause
from nominations
