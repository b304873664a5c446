{# Incremental by whole dirty scopes: what this build can have touched is deleted and inserted again, in one
   transaction. Unlike `delete+insert`, a scope that has no rows left loses its old ones.

   A model names in its meta the relation of dirty keys (`dirty`) and the key columns (`dirty_keys`), and reads the same
   keys in its own import CTEs. Campaigns whose plan, readings or decisions changed are recomputed whole. #}
{% macro get_incremental_dirty_sql(arg_dict) %}
    {%- set meta = config.get('meta') -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }} as target
    where exists (
        select 1
        from {{ ref(meta['dirty']) }} as dirty
        where
            {% for key in meta['dirty_keys'] -%}
            target.{{ key }} = dirty.{{ key }}{{ ' and ' if not loop.last }}
            {%- endfor %}
    )
    or exists (
        select 1
        from {{ ref('int_dirty_campaigns') }} as dirty_campaign
        where dirty_campaign.campaign_id = target.campaign_id and dirty_campaign.is_whole
    );

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{# For what batches hold: a submission that was judged again says no more what it said before. `raw.submissions` has
   every submission that this build takes, of each its latest judgement. #}
{% macro get_incremental_judged_sql(arg_dict) %}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }}
    where submission_id in (select submission_id from {{ source('raw', 'submissions') }});

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{% endmacro %}
