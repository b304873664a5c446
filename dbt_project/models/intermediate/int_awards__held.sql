{{ config(materialized='view') }}

with closed as (
    select * from {{ ref('int_periods__closed') }}
),

official_awards as (
    select * from {{ source('raw', 'official_awards') }}
),

decided_awards as (
    select * from {{ ref('int_awards__decided') }}
)

-- Of a closed period its official version says who was awarded, of an open one the council's decisions so far.
select distinct
    official_awards.campaign_id,
    official_awards.period_id,
    official_awards.prize_id,
    official_awards.unit_id
from official_awards
inner join closed
    on
        official_awards.campaign_id = closed.campaign_id
        and official_awards.period_id = closed.period_id
        and official_awards.version = closed.version
where
    official_awards.recipient_kind = 'unit'
    and official_awards.unit_id is not null
    and official_awards.status = 'awarded'
union all
select
    decided_awards.campaign_id,
    decided_awards.period_id,
    decided_awards.prize_id,
    decided_awards.unit_id
from decided_awards
left join closed
    on decided_awards.campaign_id = closed.campaign_id and decided_awards.period_id = closed.period_id
where closed.version is null
