{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with goals as (
    select * from {{ ref('int_goals__computed') }}
)

select
    campaign_id,
    goal_id,
    name,
    cast(
        case
            when goal_value is not null then numerator
            else {{ scaled_half_up('numerator', 'denominator', 1000000) }}
        end as bigint
    ) as value,
    coalesce(goal_value, goal_ppm) as goal_value,
    comparison,
    due_on,
    missing_figures,
    is_met,
    clause
from goals
