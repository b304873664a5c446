{{ config(materialized='table') }}

with new_submissions as (
    select * from {{ source('raw', 'submissions') }}
),

all_scopes as (
    select * from {{ ref('stg_scopes') }}
),

dirty_scopes as (
    select * from {{ ref('int_dirty_scopes') }}
),

dirty_dates as (
    select * from {{ ref('int_dirty_dates') }}
)

select submission_id
from new_submissions
union distinct
select all_scopes.submission_id
from all_scopes
inner join dirty_scopes
    on
        all_scopes.campaign_id = dirty_scopes.campaign_id
        and all_scopes.export_type = dirty_scopes.export_type
        and all_scopes.unit_id = dirty_scopes.unit_id
        and all_scopes.as_of_date = dirty_scopes.as_of_date
union distinct
select all_scopes.submission_id
from all_scopes
inner join dirty_dates
    on
        all_scopes.campaign_id = dirty_dates.campaign_id
        and all_scopes.unit_id = dirty_dates.unit_id
        and all_scopes.as_of_date = dirty_dates.as_of_date
