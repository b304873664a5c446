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

-- Whoever is, or was, claimed by more than one place concerns all files that name him.
claimed_persons as (
    select
        all_events.campaign_id,
        all_events.person_key
    from all_events
    inner join dirty_subjects
        on
            all_events.campaign_id = dirty_subjects.campaign_id
            and all_events.person_key = dirty_subjects.subject_key
    group by
        all_events.campaign_id,
        all_events.person_key
    having count(distinct all_events.unit_id) > 1
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
select all_events.submission_id
from all_events
inner join claimed_persons
    on
        all_events.campaign_id = claimed_persons.campaign_id
        and all_events.person_key = claimed_persons.person_key
