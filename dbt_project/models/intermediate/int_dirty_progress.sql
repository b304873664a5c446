{{ config(materialized='table') }}

with dirty_dates as (
    select * from {{ ref('int_dirty_dates') }}
),

progress_of_events as (
    select * from {{ ref('int_progress__of_events') }}
)

select
    campaign_id,
    unit_id,
    as_of_date
from dirty_dates
union distinct
select
    campaign_id,
    unit_id,
    as_of_date
from progress_of_events
