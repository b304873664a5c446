{# Schemas are named staging, intermediate, marts on every target: BI connects to `marts`, not to `main_marts`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
