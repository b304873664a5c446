{{ config(materialized='table') }}

with base_gates as (
    select * from {{ ref('int_gates__base') }}
),

dependent_gates as (
    select * from {{ ref('int_gates__dependent') }}
),

gates as (
    select * from base_gates
    union all
    select * from dependent_gates
)

select
    *,
    case finding
        when 'pass' then 'pass'
        when 'no_data' then 'no_data'
        when 'awaiting_decision' then 'undecided'
        else 'fail'
    end as result
from gates
where not is_heir
