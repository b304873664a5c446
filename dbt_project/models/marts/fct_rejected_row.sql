{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_submissions', 'dirty_keys': ['submission_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with intake_faults as (
    select * from {{ ref('stg_rejected_rows') }}
),

built_faults as (
    select * from {{ ref('int_faults__built') }}
),

dirty_submissions as (
    select * from {{ ref('int_dirty_submissions') }}
),

faults as (
    select
        intake_faults.submission_id,
        intake_faults.campaign_id,
        intake_faults.export_type,
        intake_faults.unit_id,
        intake_faults.as_of_date,
        intake_faults.sheet,
        intake_faults.line_number,
        intake_faults.column_name,
        intake_faults.rule_id,
        intake_faults.severity,
        intake_faults.value,
        intake_faults.message
    from intake_faults
    inner join dirty_submissions on intake_faults.submission_id = dirty_submissions.submission_id
    union all
    select
        submission_id,
        campaign_id,
        export_type,
        unit_id,
        as_of_date,
        sheet,
        line_number,
        column_name,
        rule_id,
        severity,
        value,
        message
    from built_faults
)

select * from faults
