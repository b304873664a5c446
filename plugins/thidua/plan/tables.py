"""The reference tables that a plan loads into: the law as rows, for the SQL of the rules to join.

`thidua.plan.compile` fills them from a validated plan whose readings are resolved; `thidua.warehouse` creates them
in schema `plan`; dbt reads them as source `plan`. Nothing here knows a campaign.

Units: percentages are `*_ppm`, whole millionths (60% is 600000), so that thresholds stay integers; money is VND;
instants are timestamptz and exclusive ends; days are local dates (Asia/Ho_Chi_Minh).
Lists that a rule holds are tables of their own, one row per member, never arrays: the same SQL runs on Postgres.
`position` is the order in which the plan lists things (from 1); the first gate, the ladder of prizes follow it.
"""

from __future__ import annotations

Columns = dict[str, str]

PLAN_TABLES: dict[str, Columns] = {
    "campaigns": {
        "campaign_id": "varchar",
        "title": "varchar",
        "document_number": "varchar",
        "issued_by": "varchar",
        "starts_at": "timestamptz",
        "ends_at": "timestamptz",
        "clause": "varchar",
        "plan_hash": "varchar",
    },
    "units": {
        "campaign_id": "varchar",
        "unit_id": "varchar",
        "code": "varchar",
        "name": "varchar",
        "unit_type": "varchar",
        "parent_unit_id": "varchar",
        "bloc_id": "varchar",
        "valid_from": "date",
        "valid_through": "date",
    },
    # Every unit's ancestors, itself at distance 0: for roll-ups, awarding authorities, expected senders.
    "unit_ancestors": {
        "campaign_id": "varchar",
        "unit_id": "varchar",
        "ancestor_unit_id": "varchar",
        "distance": "bigint",
    },
    "unit_lineage": {
        "campaign_id": "varchar",
        "happened_on": "date",
        "kind": "varchar",
        "from_unit_id": "varchar",
        "to_unit_id": "varchar",
        "document": "varchar",
    },
    # What a unit was before a rename or a merger, over any number of them: its history is theirs.
    "unit_predecessors": {
        "campaign_id": "varchar",
        "unit_id": "varchar",
        "predecessor_unit_id": "varchar",
    },
    "blocs": {"campaign_id": "varchar", "bloc_id": "varchar", "name": "varchar", "clause": "varchar"},
    "metrics": {
        "campaign_id": "varchar",
        "metric_id": "varchar",
        "name": "varchar",
        "kind": "varchar",  # reported, events, all_of, instant, reference
        "export_type": "varchar",  # of metrics of kind reported and events
        "from_kind": "varchar",
        "from_at": "timestamptz",  # of events: window, instant, or null for all history
        "distinct_by": "varchar",  # person, person_product, event
        "valid_through": "date",
        "of_metric_id": "varchar",
        "pick": "varchar",
        "is_windowed": "boolean",  # counts from the start of each period's window; null for figures
        "clause": "varchar",
    },
    # The exports that must be complete before a metric over events has data; of all its parts.
    "metric_exports": {"campaign_id": "varchar", "metric_id": "varchar", "export_type": "varchar"},
    "metric_events": {"campaign_id": "varchar", "metric_id": "varchar", "event": "varchar"},
    "metric_products": {"campaign_id": "varchar", "metric_id": "varchar", "product": "varchar"},
    "metric_parts": {"campaign_id": "varchar", "metric_id": "varchar", "part_metric_id": "varchar"},
    "metric_dimensions": {"campaign_id": "varchar", "metric_id": "varchar", "dimension": "varchar"},
    # One row per measure and bloc; bloc_id null: the measure holds for every unit of the campaign.
    "measures": {
        "campaign_id": "varchar",
        "measure_id": "varchar",
        "bloc_id": "varchar",
        "name": "varchar",
        "numerator_metric_id": "varchar",
        "numerator_dimension": "varchar",
        "numerator_member": "varchar",
        "baseline_kind": "varchar",  # null (none), given (baselines), day (the unit's own report of baseline_date)
        "baseline_date": "date",
        "denominator_metric_id": "varchar",
        "denominator_dimension": "varchar",
        "denominator_member": "varchar",
        "target_id": "varchar",  # the other kind of denominator
        "clause": "varchar",
    },
    "periods": {
        "campaign_id": "varchar",
        "period_id": "varchar",
        "name": "varchar",
        "kind": "varchar",
        "window_from": "timestamptz",
        "closing_date": "date",
        "cutoff_at": "timestamptz",
        "multiplier": "bigint",
        "position": "bigint",
        "clause": "varchar",
    },
    # One row per gate and period.
    "gates": {
        "campaign_id": "varchar",
        "gate_id": "varchar",
        "period_id": "varchar",
        "position": "bigint",
        "recipient": "varchar",  # unit, person
        "kind": "varchar",  # measure, eligible, awarded, decision
        "measure_id": "varchar",
        "threshold_ppm": "bigint",
        "threshold_target_id": "varchar",
        "prize_id": "varchar",
        "quantifier": "varchar",  # of eligible and awarded: all, any
        "default_result": "varchar",  # of decision: pass, undecided
        "clause": "varchar",
    },
    # Always filled: a gate without applies_to lists every unit type of the campaign.
    "gate_unit_types": {"campaign_id": "varchar", "gate_id": "varchar", "unit_type": "varchar"},
    "gate_periods": {
        "campaign_id": "varchar",
        "gate_id": "varchar",
        "period_id": "varchar",
        "in_period_id": "varchar",
    },
    # One row per ranked period and ordering key, position 1 first.
    "ranking_keys": {
        "campaign_id": "varchar",
        "period_id": "varchar",
        "position": "bigint",
        "kind": "varchar",  # measure, metric
        "measure_id": "varchar",
        "metric_id": "varchar",
        "direction": "varchar",
        "clause": "varchar",
    },
    # One row per prize and period.
    "prizes": {
        "campaign_id": "varchar",
        "prize_id": "varchar",
        "period_id": "varchar",
        "position": "bigint",
        "name": "varchar",
        "granted_by": "varchar",  # rank, decision, nomination
        "recipient": "varchar",
        "places_kind": "varchar",  # count, rest, open, cap; null for nomination
        "places": "bigint",
        "cap_ppm": "bigint",
        "pool": "varchar",  # participants, eligible
        "candidates_metric_id": "varchar",
        "amount": "bigint",
        "per_metric_id": "varchar",
        "per_as_of": "varchar",  # closing, window_start
        "is_multiplied": "boolean",
        "quota": "bigint",
        "clause": "varchar",
    },
    "prize_authorities": {"campaign_id": "varchar", "prize_id": "varchar", "unit_type": "varchar"},
    "prize_of_prizes": {"campaign_id": "varchar", "prize_id": "varchar", "of_prize_id": "varchar"},
    "prize_quotas": {
        "campaign_id": "varchar",
        "prize_id": "varchar",
        "unit_id": "varchar",
        "quota": "bigint",
    },
    "prize_shows": {"campaign_id": "varchar", "prize_id": "varchar", "position": "bigint", "item": "varchar"},
    "prize_conditions": {
        "campaign_id": "varchar",
        "prize_id": "varchar",
        "position": "bigint",
        "kind": "varchar",  # measure, eligible, awarded, decision, goal
        "measure_id": "varchar",
        "threshold_ppm": "bigint",
        "threshold_target_id": "varchar",
        "of_prize_id": "varchar",
        "quantifier": "varchar",
        "decision_id": "varchar",
        "default_result": "varchar",
        "goal_id": "varchar",
    },
    "prize_condition_periods": {
        "campaign_id": "varchar",
        "prize_id": "varchar",
        "position": "bigint",
        "in_period_id": "varchar",
    },
    "goals": {
        "campaign_id": "varchar",
        "goal_id": "varchar",
        "name": "varchar",
        "metric_id": "varchar",
        "measure_id": "varchar",
        "comparison": "varchar",  # over, at_least
        "goal_value": "bigint",  # of a metric: people
        "goal_ppm": "bigint",  # of a measure: millionths
        "period_id": "varchar",  # that counts its events; null for a goal over figures
        "due_on": "date",
        "due_at": "timestamptz",
        "clause": "varchar",
    },
    # Always filled: a goal without blocs lists every bloc.
    "goal_blocs": {"campaign_id": "varchar", "goal_id": "varchar", "bloc_id": "varchar"},
    "schedule_groups": {
        "campaign_id": "varchar",
        "metric_id": "varchar",
        "dimension": "varchar",
        "rule": "varchar",
        "member": "varchar",
        "planned_from": "date",
        "planned_through": "date",
        "position": "bigint",
        "clause": "varchar",
    },
    # Documents that one metric opens and another closes.
    "backlogs": {
        "campaign_id": "varchar",
        "backlog_id": "varchar",
        "name": "varchar",
        "opened_metric_id": "varchar",
        "closed_metric_id": "varchar",
        "clause": "varchar",
    },
    # One row per report rule, period and sending unit type.
    "reports": {
        "campaign_id": "varchar",
        "period_id": "varchar",
        "export_type": "varchar",
        "from_unit_type": "varchar",
        "to_unit_type": "varchar",
        "due_at": "timestamptz",
        "clause": "varchar",
    },
    "checks": {
        "campaign_id": "varchar",
        "check_id": "varchar",
        "kind": "varchar",
        "metric_id": "varchar",
        "dimension": "varchar",
        "member": "varchar",
        "over_metric_id": "varchar",
        "expected_count": "bigint",
        "target_id": "varchar",
        "position": "bigint",
        "clause": "varchar",
    },
    # The unit types a check holds for (children_add_up: its parent types).
    "check_unit_types": {"campaign_id": "varchar", "check_id": "varchar", "unit_type": "varchar"},
    "check_unit_counts": {
        "campaign_id": "varchar",
        "check_id": "varchar",
        "unit_id": "varchar",
        "expected_count": "bigint",
    },
    "readings": {
        "campaign_id": "varchar",
        "reading_id": "varchar",
        "options": "varchar",  # ids, comma separated
        "chosen": "varchar",
        "default_option": "varchar",
        "reason": "varchar",
        "decision_id": "varchar",
        "clause": "varchar",
    },
    "targets": {
        "campaign_id": "varchar",
        "target_id": "varchar",
        "unit_id": "varchar",
        "period_id": "varchar",
        "value": "bigint",  # people, or millionths where value_kind is percent
        "value_kind": "varchar",
        "decision_number": "varchar",
        "effective_from": "date",
    },
    "baselines": {"campaign_id": "varchar", "metric_id": "varchar", "unit_id": "varchar", "value": "bigint"},
    # Figures given with the plan, not exported: headcounts.csv (as of a day) and references.csv (as_of null: always).
    "given_figures": {
        "campaign_id": "varchar",
        "metric_id": "varchar",
        "unit_id": "varchar",
        "dimension": "varchar",
        "member": "varchar",
        "as_of_date": "date",
        "value": "bigint",
    },
    "participants": {
        "campaign_id": "varchar",
        "period_id": "varchar",
        "authority_unit_id": "varchar",
        "recipient": "varchar",
        "value": "bigint",
    },
}
