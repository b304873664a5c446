{{ config(materialized='table') }}

with gates as (
    select * from {{ ref('int_gates__base') }}
)

-- What gates of kind measure and decision say alone: periods that other gates name are closed by no other kind.
select
    campaign_id,
    period_id,
    unit_id,
    case
        when sum(case when finding in ('below_threshold', 'no_target', 'decision_failed') then 1 else 0 end) > 0
            then 'fail'
        when sum(case when finding = 'no_data' then 1 else 0 end) > 0 then 'no_data'
        when sum(case when finding = 'awaiting_decision' then 1 else 0 end) > 0 then 'undecided'
        else 'pass'
    end as result
from gates
group by
    campaign_id,
    period_id,
    unit_id
