{# An invariant that every row keeps; a null counts as broken, so that it cannot pass unseen. #}
{% test holds(model, expression) %}
    select *
    from {{ model }}
    where not coalesce({{ expression }}, false)
{% endtest %}
