{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with eligibility as (
    select * from {{ ref('fct_eligibility') }}
),

dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
),

campaigns as (
    select * from {{ ref('dim_campaign') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

units as (
    select * from {{ ref('dim_unit') }}
),

ranking as (
    select * from {{ ref('fct_ranking') }}
),

-- A prize by rank is in the ladder; a unit may hold prizes by decision beside it.
awards as (
    select fct_award.*
    from {{ ref('fct_award') }} as fct_award
    inner join {{ source('plan', 'prizes') }} as ladder
        on
            fct_award.campaign_id = ladder.campaign_id
            and fct_award.period_id = ladder.period_id
            and fct_award.prize_id = ladder.prize_id
            and ladder.granted_by = 'rank'
    where fct_award.unit_id is not null and fct_award.recipient_kind = 'unit'
),

quotas as (
    select
        campaign_id,
        period_id,
        unit_id,
        sum(quota) as quota
    from {{ ref('fct_nomination_quota') }}
    group by
        campaign_id,
        period_id,
        unit_id
),

versions as (
    select * from {{ ref('fct_ranking_version') }}
),

prizes as (
    select distinct
        campaign_id,
        prize_id,
        name
    from {{ source('plan', 'prizes') }}
),

latest_versions as (
    select
        campaign_id,
        period_id,
        max(version) as version
    from versions
    group by
        campaign_id,
        period_id
),

-- The figures of today, of periods that are not closed.
provisional as (
    select
        eligibility.campaign_id,
        eligibility.period_id,
        eligibility.bloc_id,
        cast(null as varchar) as bloc_name,
        eligibility.unit_id,
        cast(null as varchar) as unit_name,
        'provisional' as status,
        cast(null as bigint) as version,
        eligibility.as_of_date,
        eligibility.numerator,
        eligibility.denominator,
        eligibility.threshold_rate,
        eligibility.is_eligible,
        eligibility.reason_code,
        eligibility.missing_count,
        ranking.rank,
        ranking.is_tied,
        ranking.prize_id,
        cast(null as varchar) as prize_name,
        awards.status as award_status,
        awards.amount,
        awards.amount_min,
        awards.amount_max,
        cast(quotas.quota as bigint) as nomination_quota,
        ranking.clause
    from eligibility
    inner join dirty_campaigns on eligibility.campaign_id = dirty_campaigns.campaign_id
    left join ranking
        on
            eligibility.campaign_id = ranking.campaign_id
            and eligibility.period_id = ranking.period_id
            and eligibility.unit_id = ranking.unit_id
    left join awards
        on
            eligibility.campaign_id = awards.campaign_id
            and eligibility.period_id = awards.period_id
            and eligibility.unit_id = awards.unit_id
    left join quotas
        on
            eligibility.campaign_id = quotas.campaign_id
            and eligibility.period_id = quotas.period_id
            and eligibility.unit_id = quotas.unit_id
    left join latest_versions
        on
            eligibility.campaign_id = latest_versions.campaign_id
            and eligibility.period_id = latest_versions.period_id
    where latest_versions.version is null
),

-- Of closed periods the latest version, as approved: names too, and units that the plan has lost since.
official as (
    select
        versions.campaign_id,
        versions.period_id,
        versions.bloc_id,
        versions.bloc_name,
        versions.unit_id,
        versions.unit_name,
        'official' as status,
        versions.version,
        versions.as_of_date,
        versions.numerator,
        versions.denominator,
        versions.threshold_rate,
        versions.is_eligible,
        versions.reason_code,
        versions.missing_count,
        versions.rank,
        versions.is_tied,
        versions.prize_id,
        versions.prize_name,
        versions.award_status,
        versions.amount,
        versions.amount_min,
        versions.amount_max,
        versions.quota as nomination_quota,
        versions.clause
    from versions
    inner join dirty_campaigns on versions.campaign_id = dirty_campaigns.campaign_id
    inner join latest_versions
        on
            versions.campaign_id = latest_versions.campaign_id
            and versions.period_id = latest_versions.period_id
            and versions.version = latest_versions.version
),

shown as (
    select * from provisional
    union all
    select * from official
),

displayed as (
    select
        *,
        {{ scaled_half_up('numerator', 'denominator', 10000) }} as hundredths
    from shown
)

select
    displayed.campaign_id,
    campaigns.title as campaign_title,
    displayed.period_id,
    periods.name as period_name,
    periods.closing_date,
    displayed.bloc_id,
    coalesce(displayed.bloc_name, units.bloc_name) as bloc_name,
    displayed.unit_id,
    coalesce(displayed.unit_name, units.name) as unit_name,
    displayed.status,
    case displayed.status when 'official' then 'Chính thức' else 'Tạm tính' end as status_label,
    displayed.version,
    displayed.as_of_date,
    displayed.numerator,
    displayed.denominator,
    {{ rate('displayed.numerator', 'displayed.denominator') }} as progress_rate,
    {{ percent_text('displayed.hundredths') }} as rate_text,
    displayed.threshold_rate,
    displayed.is_eligible,
    displayed.reason_code,
    case displayed.reason_code
        when 'ok' then 'Đủ điều kiện'
        when 'below_threshold' then 'Chưa đạt ngưỡng'
        when 'no_data' then 'Chưa có số liệu'
        when 'no_target' then 'Chưa được giao chỉ tiêu'
        when 'decision_failed' then 'Không xét theo quyết định'
        when 'awaiting_decision' then 'Chờ quyết định'
        when 'earlier_period' then 'Chưa đạt ở kỳ trước'
        when 'no_earlier_award' then 'Chưa có khen thưởng ở kỳ trước'
    end as reason_label,
    displayed.missing_count,
    displayed.rank,
    displayed.is_tied,
    displayed.prize_id,
    coalesce(displayed.prize_name, prizes.name) as prize_name,
    displayed.award_status,
    case displayed.award_status
        when 'proposed' then 'Đề xuất'
        when 'undecided' then 'Chờ Hội đồng quyết định'
        when 'blocked' then 'Chưa có số biên chế'
        when 'awarded' then 'Đã khen thưởng'
    end as award_status_label,
    displayed.amount,
    displayed.amount_min,
    displayed.amount_max,
    displayed.nomination_quota,
    displayed.clause
from displayed
inner join campaigns on displayed.campaign_id = campaigns.campaign_id
left join periods on displayed.campaign_id = periods.campaign_id and displayed.period_id = periods.period_id
left join units on displayed.campaign_id = units.campaign_id and displayed.unit_id = units.unit_id
left join prizes on displayed.campaign_id = prizes.campaign_id and displayed.prize_id = prizes.prize_id
