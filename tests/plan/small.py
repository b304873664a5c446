"""A small campaign with one rule of every kind, for the failing fixtures to break one thing of."""

from __future__ import annotations

from pathlib import Path

PLAN = """\
campaign: {campaign_id: small, title: Small, issued_by: Nobody, from: 2023-01-01, through: 2023-12-31, clause: I}
unit_types: [top, office, room]
blocs:
  - {bloc_id: offices, unit_types: [office], clause: I}
  - {bloc_id: rooms, unit_types: [room], clause: I}
metrics:
  - {metric_id: users, kind: reported, export: progress}
  - {metric_id: cards, kind: reported, export: cards, dimensions: [group]}
  - {metric_id: installed, kind: events, export: lists, events: [installed], distinct: person, from: window, dimensions: [group]}
  - {metric_id: answered, kind: events, export: lists, events: [answered], distinct: person}
  - {metric_id: both, kind: all_of, of: [installed, answered]}
  - {metric_id: finished, kind: instant, of: both, pick: last}
  - {metric_id: written, kind: events, export: lists, events: [written], distinct: event}
  - {metric_id: replied, kind: events, export: lists, events: [replied], distinct: event}
  - {metric_id: members, kind: reference}
measures:
  - {measure_id: progress, blocs: [offices], numerator: {metric: users, minus_baseline: {reading: base}}, denominator: {target: goal}, clause: I}
  - {measure_id: progress, blocs: [rooms], numerator: {metric: users}, denominator: {target: goal}, clause: I}
  - {measure_id: cards, numerator: {metric: cards, member: {dimension: group, member: poor}}, denominator: {metric: members}, clause: I}
periods:
  - {period_id: q1, kind: quarter, window_from: 2023-01-01, closing_date: 2023-03-31, clause: I}
  - {period_id: end, kind: final, window_from: 2023-10-01, cutoff_at: 2023-12-31T20:00:00, multiplier: 2, clause: I}
  - {period_id: all, kind: year, closing_date: 2023-12-31, clause: I}
gates:
  - {gate_id: q1_60, periods: [q1, end], kind: measure, measure: progress, at_least: 66.67%, clause: I}
  - {gate_id: rate, periods: [end], applies_to: [office], kind: measure, measure: cards, at_least: {target: cover}, clause: I}
  - {gate_id: quality, periods: [end], kind: decision, default: undecided, clause: I}
  - {gate_id: before, periods: [all], kind: eligible, in: [q1, end], quantifier: any, clause: I}
  - {gate_id: praised, periods: [all], kind: awarded, prize: first, in: [q1], quantifier: all, clause: I}
ranking: {periods: [q1, end], order: [{measure: progress, direction: desc}, {metric: finished, direction: asc}], ties: undecided, clause: I}
awards:
  - {prize_id: first, periods: [q1, end], by: rank, recipient: unit, places: 1, amount: 1000, per: {metric: members, as_of: closing}, clause: I}
  - {prize_id: rest, periods: [q1, end], by: rank, recipient: unit, places: rest, amount: 10, requires: [{kind: goal, goal: many}], clause: I}
  - {prize_id: medal, periods: [all], by: decision, recipient: unit, places: cap, cap: 10%, pool: participants, authority: [top], clause: I}
  - {prize_id: person, periods: [q1], by: nomination, recipient: person, of_prizes: [first], quota: 1, quota_of: {o1: 2}, amount: 5, clause: I}
  - {prize_id: star, periods: [q1], by: decision, recipient: person, places: 1, candidates: both, show: [completed_at], clause: I}
goals: [{goal_id: many, metric: users, over: 10, due_on: 2023-12-31, clause: I}]
backlogs: [{backlog_id: letters, opened: written, closed: replied, clause: I}]
schedule: {metric: installed, dimension: group, rule: first_event, groups: [{member: poor, from: 2023-01-01, through: 2023-02-01, clause: I}]}
reports:
  - {export: progress, from: [office], to: top, periods: [q1], days_after_closing: 3, clause: I}
  - {export: cards, from: [office], to: top, periods: [q1], due_before: 2023-04-20, clause: I}
  - {export: lists, from: [office], to: top, periods: [q1], days_before_window: 5, clause: I}
checks:
  - {check_id: enough, kind: at_least, metric: users, unit_types: [office], count: 5, count_of: {o1: 20}, clause: I}
  - {check_id: sum, kind: children_add_up, target: goal, parent_types: [top], clause: I}
  - {check_id: size, kind: ratio_at_least, metric: users, over: members, unit_types: [office], count: 2, clause: I}
readings:
  - {reading_id: base, options: {given: given, march: 2023-03-01}, default: given, reason: because, clause: I}
"""

CSVS = {
    "units.csv": "unit_id,name,unit_type,parent,valid_from,valid_through,aliases\n"
    "t,Tỉnh,top,,,,\no1,Huyện Châu Thành,office,t,,,\no2,Thành phố Bảo Lộc,office,t,,,TP. Bảo Lộc|Bảo Lộc\nr1,Phòng Thu,room,t,,,\n",
    "targets.csv": "target_id,unit_id,period_id,value,value_kind,decision_number,effective_from\n"
    "goal,o1,,100,count,1/QĐ,2023-01-01\ncover,o1,end,90.5%,percent,,2023-01-01\n",
    "baselines.csv": "metric_id,unit_id,value\nusers,o1,10\n",
    "headcounts.csv": "metric_id,unit_id,as_of_date,value\nmembers,o1,2023-03-31,7\n",
    "unit_lineage.csv": "happened_on,kind,from,to,document\n2023-05-01,renamed,o1,o2,\n",
    "references.csv": "metric_id,unit_id,dimension,member,value\nmembers,o1,,,50\n",
    "participants.csv": "period_id,authority_unit_id,recipient,value\nall,t,unit,29\n",
}


def write_small(folder: Path, replace: dict[str, str] | None = None, file: str = "plan.yml") -> Path:
    """The campaign in folder/small, with texts of one file replaced. A text that does not stand there is an error."""
    target = folder / "small"
    target.mkdir(parents=True, exist_ok=True)
    for name, text in {"plan.yml": PLAN, **CSVS}.items():
        for old, new in (replace or {}).items() if name == file else ():
            assert old in text, old
            text = text.replace(old, new)
        (target / name).write_text(text, encoding="utf-8")
    return target
