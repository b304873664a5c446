{{ config(materialized='table') }}

with new_submissions as (
    select * from {{ source('raw', 'submissions') }}
),

all_submissions as (
    select * from {{ ref('stg_submissions') }}
),

dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
    where is_whole
),

all_scopes as (
    select * from {{ ref('stg_scopes') }}
),

dirty_scopes as (
    select * from {{ ref('int_dirty_scopes') }}
),

dirty_dates as (
    select * from {{ ref('int_dirty_dates') }}
),

dirty_subjects as (
    select * from {{ ref('int_dirty_subjects') }}
),

all_events as (
    select * from {{ ref('stg_events') }}
    where unit_role = '' and person_key is not null
),

-- An event counts by its person or by its document, as a metric says; either may be claimed by more than one place.
subjects as (
    select
        campaign_id,
        submission_id,
        unit_id,
        person_key as subject_key
    from all_events
    union all
    select
        campaign_id,
        submission_id,
        unit_id,
        export_type || '|' || event_key as subject_key
    from all_events
),

-- What is, or was, claimed by more than one place concerns all files that name it.
claimed_subjects as (
    select
        subjects.campaign_id,
        subjects.subject_key
    from subjects
    inner join dirty_subjects
        on
            subjects.campaign_id = dirty_subjects.campaign_id
            and subjects.subject_key = dirty_subjects.subject_key
    group by
        subjects.campaign_id,
        subjects.subject_key
    having count(distinct subjects.unit_id) > 1
)

select submission_id
from new_submissions
union distinct
-- With those that speak of no scope at all, such as a file that could not be read.
select all_submissions.submission_id
from all_submissions
inner join dirty_campaigns on all_submissions.campaign_id = dirty_campaigns.campaign_id
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
union distinct
select subjects.submission_id
from subjects
inner join claimed_subjects
    on
        subjects.campaign_id = claimed_subjects.campaign_id
        and subjects.subject_key = claimed_subjects.subject_key
