{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_submissions', 'dirty_keys': ['submission_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with submissions as (
    select * from {{ ref('int_submissions__judged') }}
),

dirty_submissions as (
    select * from {{ ref('int_dirty_submissions') }}
)

select
    submissions.submission_id,
    submissions.campaign_id,
    submissions.export_type,
    submissions.file_name,
    submissions.landing_path,
    submissions.received_at,
    submissions.content_sha256,
    submissions.outcome,
    submissions.duplicate_of,
    submissions.received_row_count,
    submissions.accepted_row_count,
    submissions.rejected_row_count,
    submissions.ignored_row_count,
    submissions.sender_unit_id,
    submissions.layout
from submissions
inner join dirty_submissions on submissions.submission_id = dirty_submissions.submission_id
