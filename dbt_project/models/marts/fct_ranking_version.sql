{{ config(materialized='table') }}

with rankings as (
    select * from {{ source('raw', 'official_rankings') }}
)

select
    campaign_id,
    period_id,
    bloc_id,
    bloc_name,
    unit_id,
    unit_name,
    version,
    rank,
    is_tied,
    prize_id,
    prize_name,
    as_of_date,
    numerator,
    denominator,
    {{ rate('numerator', 'denominator') }} as progress_rate,
    threshold_rate,
    is_eligible,
    reason_code,
    missing_count,
    award_status,
    amount,
    amount_min,
    amount_max,
    quota,
    approved_at,
    content_hash,
    clause
from rankings
