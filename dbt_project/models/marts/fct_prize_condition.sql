{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with conditions as (
    select * from {{ ref('int_prize_conditions__judged') }}
),

prizes as (
    select * from {{ source('plan', 'prizes') }}
)

select
    conditions.campaign_id,
    conditions.period_id,
    conditions.unit_id,
    conditions.prize_id,
    conditions.result,
    prizes.clause
from conditions
inner join prizes
    on
        conditions.campaign_id = prizes.campaign_id
        and conditions.period_id = prizes.period_id
        and conditions.prize_id = prizes.prize_id
