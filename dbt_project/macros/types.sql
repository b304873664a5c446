{# A warehouse of other code is made anew whole, so a table that stands always has this code's types. On Postgres dbt
   would still see one: it takes `text` of an expression and `varchar` of a contract for two types. #}
{% macro postgres__diff_column_data_types(source_columns, target_columns) %}{{ return([]) }}{% endmacro %}
