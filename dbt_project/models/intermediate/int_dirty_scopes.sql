{{ config(materialized='table') }}

with new_scopes as (
    select * from {{ source('raw', 'scopes') }}
),

all_scopes as (
    select * from {{ ref('stg_scopes') }}
),

dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
)

select
    campaign_id,
    export_type,
    unit_id,
    as_of_date
from new_scopes
union distinct
select
    all_scopes.campaign_id,
    all_scopes.export_type,
    all_scopes.unit_id,
    all_scopes.as_of_date
from all_scopes
inner join dirty_campaigns on all_scopes.campaign_id = dirty_campaigns.campaign_id
where dirty_campaigns.is_whole
