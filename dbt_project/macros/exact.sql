{# Exact arithmetic. Thresholds and order come from integers; a decimal division in DuckDB is a double, so nothing
   here divides but whole numbers. `wide` holds 38 digits: count x 10^18 fits. #}

{% macro wide() %}{{ return(adapter.dispatch('wide', 'thidua')()) }}{% endmacro %}
{% macro duckdb__wide() %}hugeint{% endmacro %}
{% macro default__wide() %}numeric{% endmacro %}

{# Whole-number division, towards zero. #}
{% macro whole_div(dividend, divisor) %}{{ return(adapter.dispatch('whole_div', 'thidua')(dividend, divisor)) }}{% endmacro %}
{% macro duckdb__whole_div(dividend, divisor) %}(({{ dividend }}) // ({{ divisor }})){% endmacro %}
{% macro default__whole_div(dividend, divisor) %}div(({{ dividend }}), ({{ divisor }})){% endmacro %}

{# numerator / denominator >= threshold, as 1,000,000 x numerator >= ppm x denominator. #}
{% macro at_least(numerator, threshold_ppm, denominator) -%}
    cast({{ numerator }} as {{ wide() }}) * 1000000 >= cast({{ threshold_ppm }} as {{ wide() }}) * {{ denominator }}
{%- endmacro %}

{# How many more reach the threshold: ceil(ppm x denominator / 1,000,000) - numerator, never below zero. #}
{% macro missing_count(numerator, threshold_ppm, denominator) -%}
    cast(greatest(
        0,
        {{ whole_div('cast(' ~ threshold_ppm ~ ' as ' ~ wide() ~ ') * ' ~ denominator ~ ' + 999999', '1000000') }} - {{ numerator }}
    ) as bigint)
{%- endmacro %}

{# An ordering key that tells any two fractions with denominators below 10^9 apart. Only for denominators above 0. #}
{% macro fraction_key(numerator, denominator) -%}
    {{ whole_div('cast(' ~ numerator ~ ' as ' ~ wide() ~ ') * 1000000000000000000', denominator) }}
{%- endmacro %}

{# Half-up (away from zero) numerator x scale / denominator as a whole number; null where the rate is undefined. #}
{% macro scaled_half_up(numerator, denominator, scale) -%}
    case
        when {{ denominator }} > 0
            then sign(cast({{ numerator }} as {{ wide() }})) * {{ whole_div('abs(cast(' ~ numerator ~ ' as ' ~ wide() ~ ')) * ' ~ (2 * scale) ~ ' + ' ~ denominator, '2 * cast(' ~ denominator ~ ' as ' ~ wide() ~ ')') }}
    end
{%- endmacro %}

{# The rate for show: decimal(12, 6), half-up from the integers; null where undefined or beyond what the type holds. #}
{% macro rate(numerator, denominator) -%}
    {{ millionths_as_rate(scaled_half_up(numerator, denominator, 1000000)) }}
{%- endmacro %}

{% macro millionths_as_rate(millionths) -%}
    cast(
        case when abs({{ millionths }}) < 1000000000000 then cast({{ millionths }} as decimal(18, 0)) end
        * cast(0.000001 as decimal(7, 6)) as decimal(12, 6)
    )
{%- endmacro %}

{# Whole hundredths of a percent as vi-VN text: 7404 is 74,04%. #}
{% macro percent_text(hundredths) -%}
    case when {{ hundredths }} < 0 then '-' else '' end
    || cast({{ whole_div('abs(' ~ hundredths ~ ')', '100') }} as varchar)
    || ',' || lpad(cast(abs({{ hundredths }}) % 100 as varchar), 2, '0') || '%'
{%- endmacro %}

{# A growth over so many days is more than `times` as fast, and as large, as an earlier one; both are `wide`. #}
{% macro outgrows(growth, days, times, past_growth, past_days) -%}
    {{ growth }} * {{ past_days }} > {{ past_growth }} * {{ times }} * greatest({{ days }}, {{ past_days }})
{%- endmacro %}

{# Of two earlier growths, the first lets more be ordinary within so many days. #}
{% macro allows_more(growth, growth_days, other_growth, other_days, days) -%}
    {{ growth }} * greatest({{ days }}, {{ growth_days }}) * {{ other_days }}
    > {{ other_growth }} * greatest({{ days }}, {{ other_days }}) * {{ growth_days }}
{%- endmacro %}

{# A day as offices write it: 30/06/2023. #}
{% macro day_text(day) -%}
    lpad(cast(extract(day from {{ day }}) as varchar), 2, '0') || '/'
    || lpad(cast(extract(month from {{ day }}) as varchar), 2, '0') || '/'
    || cast(extract(year from {{ day }}) as varchar)
{%- endmacro %}

{# The local day of an instant (Asia/Ho_Chi_Minh has no daylight saving time). #}
{% macro local_date(instant) -%}
    cast(({{ instant }}) at time zone 'Asia/Ho_Chi_Minh' as date)
{%- endmacro %}

{# The first instant after a local day. #}
{% macro day_end(day) -%}
    (cast({{ day }} + interval '1 day' as timestamp) at time zone 'Asia/Ho_Chi_Minh')
{%- endmacro %}

{# The last local day that lies, at least in part, before an exclusive end. #}
{% macro last_date_before(instant) -%}
    {{ local_date(instant ~ " - interval '1 microsecond'") }}
{%- endmacro %}

{# An instant as a whole number that orders as it does. #}
{% macro epoch_us(instant) %}{{ return(adapter.dispatch('epoch_us', 'thidua')(instant)) }}{% endmacro %}
{% macro duckdb__epoch_us(instant) %}epoch_us({{ instant }}){% endmacro %}
{% macro default__epoch_us(instant) %}cast(extract(epoch from {{ instant }}) * 1000000 as bigint){% endmacro %}
