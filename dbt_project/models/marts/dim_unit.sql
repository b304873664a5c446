{{ config(materialized='table') }}

with units as (
    select * from {{ source('plan', 'units') }}
),

blocs as (
    select * from {{ source('plan', 'blocs') }}
)

select
    units.campaign_id,
    units.unit_id,
    units.code,
    units.name,
    units.unit_type,
    units.bloc_id,
    blocs.name as bloc_name,
    units.parent_unit_id,
    units.valid_from,
    units.valid_through
from units
left join blocs on units.campaign_id = blocs.campaign_id and units.bloc_id = blocs.bloc_id
