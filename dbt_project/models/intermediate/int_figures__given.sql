{{ config(materialized='view') }}

with given_figures as (
    select * from {{ source('plan', 'given_figures') }}
),

dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
)

-- Given figures change only with the plan, and a changed plan makes its campaign dirty as a whole.
select given_figures.*
from given_figures
inner join dirty_campaigns on given_figures.campaign_id = dirty_campaigns.campaign_id
where dirty_campaigns.is_whole
