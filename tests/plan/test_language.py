"""The plan language: what it takes, and how clearly it refuses the rest."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from thidua.errors import PlanError, ThiduaError
from thidua.plan.compile import compile_plan
from thidua.plan.loader import load_campaigns, load_plan
from thidua.plan.schema import plan_schema
from thidua.settings import repo_root

from tests.plan.small import PLAN, write_small

# reason: (what is replaced, by what, the line it is told of holds this, field, words of the message, allowed)
BROKEN = {
    "unknown measure": ("measure: progress, at_least", "measure: progres, at_least", "gates[0].measure", "did you mean 'progress'", "cards, progress"),
    "unknown word": ("quantifier: any", "quantifer: any", "gates[3].quantifer", "did you mean 'quantifier'", None),
    "missing field": (", quantifier: any", "", "gates[3].quantifier", "is missing", None),
    "unknown kind": ("kind: all_of", "kind: any_of", "metrics[4]", "any_of", "'reported', 'events', 'all_of', 'instant', 'reference'"),
    "no clause": ("at_least: 66.67%, clause: I", "at_least: 66.67%", "gates[0].clause", "is missing", None),
    "percentage without sign": ("66.67%", "67", "gates[0].at_least", "write the percentage with its sign", None),
    "percentage too fine": ("66.67%", "66.66667%", "gates[0].at_least", "at most four decimals", None),
    "a number with decimals": ("66.67%", "66.67", "gates[0].at_least", "number with decimals", None),
    "instant without seconds": ("2023-12-31T20:00:00", "2023-12-31T20:00", "periods[1].cutoff_at", "with seconds", None),
    "time read as minutes": ("2023-12-31T20:00:00", "20:00", "periods[1].cutoff_at", "number of minutes", None),
    "both closings": ("closing_date: 2023-03-31", "closing_date: 2023-03-31, cutoff_at: 2023-03-31T20:00:00", "periods[0]", "exactly one", None),
    "key stands twice": ("kind: final,", "kind: final, kind: year,", "periods[1].kind", "stands twice", None),
    "empty list": ("of_prizes: [first]", "of_prizes: []", "awards[3].of_prizes", "at least 1", None),
    "unit type in two blocs": ("unit_types: [room], clause", "unit_types: [office], clause", "blocs[1].unit_types", "is in bloc 'offices' already", None),
    "measure twice for a bloc": ("blocs: [rooms]", "blocs: [offices]", "measures[1].measure_id", "stands twice", None),
    "a target with members": ("denominator: {target: goal}, clause: I}\n  - {measure_id: progress, blocs: [rooms]", "denominator: {target: goal, member: {dimension: group, member: x}}, clause: I}\n  - {measure_id: progress, blocs: [rooms]", "measures[0].denominator.member", "no members", None),
    "metric and target": ("denominator: {metric: members}", "denominator: {metric: members, target: goal}", "measures[2].denominator", "exactly one", None),
    "unknown dimension": ("member: {dimension: group, member: poor}", "member: {dimension: class, member: poor}", "measures[2].numerator.member.dimension", "does not exist", "group"),
    "gates in a circle": ("kind: eligible, in: [q1, end]", "kind: eligible, in: [all]", "gates[3].in[0]", "gates that look at other periods", None),
    "period without a gate": ("periods: [q1, end], kind: measure", "periods: [end], kind: measure", "gates[3].in[0]", "has no gate", None),
    "prize not given then": ("prize: first, in: [q1]", "prize: medal, in: [q1]", "gates[4].in[0]", "is not given in 'q1'", "all"),
    "prize after the rest": ("prize_id: first, periods: [q1, end], by: rank, recipient: unit, places: 1", "prize_id: first, periods: [q1, end], by: rank, recipient: unit, places: rest", "awards[1].places", "takes every place left", None),
    "prize in an unranked period": ("prize_id: rest, periods: [q1, end]", "prize_id: rest, periods: [q1, all]", "awards[1].periods[1]", "is not ranked", "end, q1"),
    "cap without a cap": ("places: cap, cap: 10%,", "places: cap,", "awards[2].places", "goes with `cap`", None),
    "order key of two": ("{metric: finished, direction: asc}", "{metric: finished, measure: cards, direction: asc}", "ranking.order[1]", "exactly one", None),
    "five order keys": ("[{measure: progress, direction: desc}, {metric: finished, direction: asc}]", "[" + ", ".join(["{measure: progress, direction: desc}"] * 5) + "]", "ranking.order", "at most 4", None),
    "goal of two kinds": ("over: 10,", "over: 10, at_least: 5,", "goals[0]", "exactly one", None),
    "report without a due day": (", due_before: 2023-04-20", "", "reports[1]", "say when it is due", "due_before, days_after_closing, days_before_window"),
    "no window to count from": ("window_from: 2023-01-01, ", "", "reports[2].days_before_window", "has no window_from", None),
    "schedule ends before it begins": ("through: 2023-02-01", "through: 2022-02-01", "schedule.groups[0].through", "ends before it begins", None),
    "unknown reading": ("{reading: base}", "{reading: basis}", "measures[0].numerator.minus_baseline", "reading 'basis' does not exist", "base"),
    "reading used nowhere": ("minus_baseline: {reading: base}", "minus_baseline: given", "readings[0]", "is used nowhere", None),
    "option that does not fit": ("march: 2023-03-01", "march: March", "measures[0].numerator.minus_baseline", "(with base = march)", None),
    "default that is no option": ("default: given", "default: gven", "readings[0].default", "did you mean 'given'", "given, march"),
    "instant of a reported metric": ("kind: instant, of: both", "kind: instant, of: users", "metrics[5].of", "does not exist", "answered, both, installed"),
    "quota of an unknown unit": ("quota_of: {o1: 2}", "quota_of: {o9: 2}", "awards[3].quota_of.o9", "'o9' does not exist", "o1, o2, r1, t"),
    "count of an unknown unit": ("count_of: {o1: 20}", "count_of: {o9: 20}", "checks[0].count_of.o9", "'o9' does not exist", "o1, o2, r1, t"),
    "number that is read as octal": ("amount: 1000,", "amount: 01000,", "awards[0].amount", "without leading zeros", None),
    "a key that is a list": ("unit_types: [top, office, room]", "unit_types: [top, office, room]\n? [a]\n: b", "plan", "a key must be a word", None),
    "a list that holds itself": ("unit_types: [top, office, room]", "unit_types: &all [top, office, room, *all]", "unit_types[3]", "holds itself", None),
    "percentage of people": ("over: 10,", "over: 10%,", "goals[0].over", "the goal of a metric is a count", None),
    "people of a rate": ("metric: users, over: 10,", "measure: cards, over: 10,", "goals[0].over", "the goal of a measure is a percentage", None),
    "target that is not in the CSV": ("at_least: {target: cover}", "at_least: {target: covr}", "gates[1].at_least.target", "did you mean 'cover'", "cover, goal"),
    "percentage where people are meant": ("target: goal, parent_types", "target: cover, parent_types", "checks[1].target", "it must be a count", None),
    "people where a percentage is meant": ("at_least: {target: cover}", "at_least: {target: goal}", "gates[1].at_least.target", "it must be a percent", None),
    "report expected twice": ("{export: cards, from: [office], to: top, periods: [q1], due", "{export: progress, from: [office], to: top, periods: [q1], due", "reports[1]", "is expected already", None),
    "report to nobody": ("{export: lists, from: [office], to: top", "{export: lists, from: [office], to: topp", "reports[2].to", "did you mean 'top'", "office, room, top"),
    "events of an export that nobody owes": ("export: lists, events: [answered]", "export: list, events: [answered]", "metrics[3].export", "nobody owes a report 'list'", "cards, lists, progress"),
    "baseline of events": ("metric: users, minus_baseline: {reading: base}", "metric: installed, minus_baseline: {reading: base}", "measures[0].numerator.minus_baseline", "counts events", None),
    "goal within no window": ("metric: users, over: 10, due_on: 2023-12-31", "metric: installed, over: 10, due_on: 2023-12-30", "goals[0].due_on", "counts within a window", "2023-03-31, 2023-12-31"),
    "goal between closings": ("metric: users, over: 10, due_on: 2023-12-31", "metric: answered, over: 10, due_on: 2023-12-30", "goals[0].due_on", "counts events", "2023-03-31, 2023-12-31"),
    "backlog of persons": ("closed: replied", "closed: answered", "backlogs[0].closed", "metric of documents", "replied, written"),
    "backlog of two exports": ("export: lists, events: [replied]", "export: progress, events: [replied]", "backlogs[0].closed", "of another export", None),
    "goal over a target": ("metric: users, over: 10,", "measure: progress, over: 10%,", "goals[0].measure", "is over a target", None),
    "documents as a part": ("events: [answered], distinct: person", "events: [answered], distinct: event", "metrics[4].of[1]", "counts documents", "installed"),
    "shown without saying of whom": ("candidates: both, ", "", "awards[4].candidates", "say of which metric", None),
    "figures as candidates": ("candidates: both", "candidates: users", "awards[4].candidates", "metric of persons 'users' does not exist", "answered, both, installed"),
    "candidates for a unit's prize": ("recipient: person, places: 1", "recipient: unit, places: 1", "awards[4].candidates", "the prize goes to a unit", None),
    "event listed twice": ("events: [answered]", "events: [answered, answered]", "metrics[3].events[1]", "stands twice", None),
    "parts of parts": ("of: [installed, answered]", "of: [installed, both]", "metrics[4].of[1]", "'both' does not exist", "answered, installed"),
    "an instant that is counted": ("numerator: {metric: cards, member: {dimension: group, member: poor}}", "numerator: {metric: finished}", "measures[2].numerator.metric", "'finished' does not exist", "answered, both, cards, installed, members, replied, users, written"),
    "schedule without events": ("{metric: installed, dimension: group, rule", "{metric: cards, dimension: group, rule", "schedule.metric", "'cards' does not exist", "answered, installed"),
    "heads that are events": ("per: {metric: members,", "per: {metric: answered,", "awards[0].per.metric", "'answered' does not exist", "cards, members, users"),
    "ranked without a window": ("window_from: 2023-10-01, cutoff", "cutoff", "ranking.order[1]", "counts from the window, but period 'end' has no window_from", None),
    "window after the closing": ("window_from: 2023-10-01, cutoff", "window_from: 2024-10-01, cutoff", "periods[1].window_from", "begins after the period is closed", None),
    "campaign ends before it begins": ("through: 2023-12-31, clause: I}\nunit_types", "through: 2022-12-31, clause: I}\nunit_types", "campaign.through", "ends before it begins", None),
    "two ends of a campaign": ("through: 2023-12-31, clause: I}\nunit_types", "through: 2023-12-31, until: 2023-12-31T20:00:00, clause: I}\nunit_types", "campaign.until", "not both", None),
    "gate that reaches nobody": ("applies_to: [office]", "applies_to: [office, top]", "gates[1].applies_to[1]", "does not reach unit type 'top'", "office, room"),
    "gate for persons over a unit's prize": ("kind: awarded, prize: first", "recipient: person, kind: awarded, prize: first", "gates[4].prize", "prize 'first' goes to a unit", None),
    "rank prize for a person": ("by: rank, recipient: unit, places: 1", "by: rank, recipient: person, places: 1", "awards[0].recipient", "goes to a unit", None),
    "nomination of a unit": ("by: nomination, recipient: person", "by: nomination, recipient: unit", "awards[3].recipient", "is for a person", None),
    "nomination when no prize is given": ("prize_id: person, periods: [q1]", "prize_id: person, periods: [all]", "awards[3].periods[0]", "none of its prizes", "end, q1"),
    "cap of no authority": (", authority: [top]", "", "awards[2].authority", "is missing", None),
    "decision without a name": ("requires: [{kind: goal, goal: many}]", "requires: [{kind: decision, default: pass}]", "awards[1].requires[0].decision", "is missing", None),
    "reading of a reading": ("options: {given: given,", "options: {given: {reading: base},", "readings[0].options.given", "valid", None),
}  # fmt: skip
BROKEN_CSV = {
    "column stands twice": ("baselines.csv", "value\n", "value,value\n", 1, "value", "stands twice"),
    "target of no rule": ("targets.csv", "goal,o1", "gaol,o1", 2, "target_id", "'gaol' is used nowhere in plan.yml; did you mean 'goal'"),
    "target of two kinds": ("targets.csv", "cover,o1,end,90.5%", "goal,o1,end,90.5%", 3, "value_kind", "is a count on line 2"),
    "half a dimension": ("references.csv", "o1,,,50", "o1,group,,50", 2, "member", "give both or neither"),
    "dimension that the metric lacks": ("references.csv", "o1,,,50", "o1,group,x,50", 2, "dimension", "'group' does not exist"),
    "renamed to itself": ("unit_lineage.csv", "renamed,o1,o2", "renamed,o1,o1", 2, "to", "that it comes from"),
    "unknown column": ("units.csv", "aliases\n", "alias\n", 1, "alias", "did you mean 'aliases'"),
    "missing column": ("targets.csv", "value_kind", "kind", 1, "value_kind", "column is missing"),
    "unit stands twice": ("units.csv", "\no2,", "\no1,", 4, "unit_id", "stands on line 3 already"),
    "unknown unit type": ("units.csv", "Thu,room", "Thu,rom", 5, "unit_type", "did you mean 'room'"),
    "unknown parent": ("units.csv", "office,t,,,\no2", "office,x,,,\no2", 3, "parent", "'x' does not exist"),
    "parents in a circle": ("units.csv", "Tỉnh,top,,", "Tỉnh,top,o1,", 2, "parent", "circle"),
    "ends before it begins": ("units.csv", "Thu,room,t,,,", "Thu,room,t,2023-02-01,2023-01-01,", 5, "valid_through", "ends before"),
    "not a day": ("targets.csv", "1/QĐ,2023-01-01", "1/QĐ,01/01/2023", 2, "effective_from", "not a day"),
    "not a whole number": ("baselines.csv", "o1,10", "o1,10.5", 2, "value", "not a whole number"),
    "separators in a count": ("targets.csv", "o1,,100", 'o1,,"1,000"', 2, "value", "not a whole number"),
    "percentage without sign": ("targets.csv", "90.5%", "90.5", 3, "value", "not a percentage"),
    "unknown unit": ("targets.csv", "goal,o1", "goal,o11", 2, "unit_id", "did you mean 'o1'"),
    "unknown period": ("participants.csv", "all,t", "al,t", 2, "period_id", "did you mean 'all'"),
    "target twice on a day": ("targets.csv", "cover,o1,end,90.5%,percent,,", "goal,o1,,50,count,,", 3, "target_id", "stands on line 2"),
    "left goes nowhere": ("unit_lineage.csv", "renamed,o1,o2", "left,o1,o2", 2, "to", "a unit that left"),
    "too many cells": ("baselines.csv", "o1,10", "o1,10,11", 2, "row", "more or fewer cells"),
}  # fmt: skip


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(PlanError) as error:
        load_plan(folder)
    return [str(problem) for problem in error.value.problems]


def test_the_small_plan_is_valid(tmp_path: Path) -> None:
    plan = load_plan(write_small(tmp_path))
    assert plan.campaign_id == "small"
    assert plan.document.gates[0].at_least == 666_700


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_rule_is_told_with_its_place(tmp_path: Path, reason: str) -> None:
    old, new, field, words, allowed = BROKEN[reason]
    folder = write_small(tmp_path, {old: new})
    told = [line for line in problems_of(folder) if f": {field}: " in line]
    assert told, problems_of(folder)
    assert any(words in line for line in told), told
    place = told[0].split(":")
    assert place[0] == "small/plan.yml"
    if new and field != "plan":
        # The line is that of the rule itself: each rule of the small plan stands on one line.
        lines = (folder / "plan.yml").read_text().splitlines()
        section, index = re.match(r"(\w+)(?:\[(\d+)\])?", field).groups()
        start = next(number for number, line in enumerate(lines, 1) if line.startswith(section))
        stands_alone = index is not None and lines[start - 1].endswith(":")
        assert int(place[1]) == (start + 1 + int(index) if stands_alone else start), place
    if allowed:
        assert any(f"allowed: {allowed}" in line for line in told), told


@pytest.mark.parametrize("reason", BROKEN_CSV)
def test_a_broken_row_is_told_with_its_line(tmp_path: Path, reason: str) -> None:
    file, old, new, line, field, words = BROKEN_CSV[reason]
    folder = write_small(tmp_path, {old: new}, file)
    told = [text for text in problems_of(folder) if text.startswith(f"small/{file}:{line}: {field}")]
    assert told, problems_of(folder)
    assert any(words in text for text in told), told


def test_a_goal_to_which_nobody_adds_is_told(tmp_path: Path) -> None:
    folder = write_small(tmp_path, {"metric: users, over: 10,": "metric: users, blocs: [rooms], over: 10,"})
    load_plan(folder)
    units = folder / "units.csv"
    units.write_text(units.read_text().replace("Thu,room,t,,", "Thu,room,t,,2023-12-30"))
    (told,) = problems_of(folder)
    assert "goals[0].blocs" in told and "no unit of its blocs stands on 2023-12-31" in told


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    folder = write_small(
        tmp_path, {"measure: progress, at_least": "measure: progres, at_least", "goal: many}": "goal: man}"}
    )
    (folder / "baselines.csv").write_text("metric_id,unit_id,value\nusers,o1,ten\n")
    assert len(problems_of(folder)) >= 3


def test_a_folder_is_named_after_its_campaign(tmp_path: Path) -> None:
    folder = write_small(tmp_path).rename(tmp_path / "other")
    assert any("is not the name of its folder" in line for line in problems_of(folder))


def test_a_missing_plan_and_text_that_is_no_yaml(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert problems_of(folder) == ["empty/plan.yml: file: is missing"]
    (folder / "plan.yml").write_text("campaign: [unclosed\n")
    (line,) = problems_of(folder)
    assert line.startswith("empty/plan.yml:2: plan: cannot be read")


def test_the_five_plans_and_their_real_figures() -> None:
    plans = load_campaigns(repo_root() / "campaigns")
    assert len(plans) == 5
    flagship = plans["lam-dong-2023"]
    real = {(row.unit_id, int(row.value)) for row in flagship.targets if row.note and "real" in row.note}
    assert real == {("bao-loc", 13087), ("p-to-chuc-can-bo", 1440)}
    assert {(row.unit_id, row.value) for row in flagship.baselines if row.note and "real" in row.note} == {
        ("bao-loc", 28310)
    }
    # Whatever is not in the plan's text says that it is invented.
    for plan in plans.values():
        for row in [*plan.targets, *plan.baselines, *plan.headcounts, *plan.references, *plan.participants]:
            assert row.note and ("invented" in row.note or "real" in row.note), (plan.campaign_id, row)


def test_the_schema_for_editors_is_up_to_date() -> None:
    assert (repo_root() / "campaigns" / "plan.schema.json").read_text() == plan_schema()
    for path in (repo_root() / "campaigns").glob("*/plan.yml"):
        assert path.read_text().startswith("# yaml-language-server: $schema=../plan.schema.json\n")


def _values() -> list[Any]:
    """The five plans as an editor sees them: YAML without types of its own for days."""
    return [
        json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=lambda day: day.isoformat()))
        for path in sorted((repo_root() / "campaigns").glob("*/plan.yml"))
    ]


def test_the_schema_takes_the_five_plans_and_refuses_a_wrong_word() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(plan_schema()))
    plans = _values()
    assert len(plans) == 5
    for plan in plans:
        assert [error.message for error in validator.iter_errors(plan)] == []
        wrong = copy.deepcopy(plan)
        wrong["periods"][0]["clos"] = "2023-06-30"
        assert list(validator.iter_errors(wrong))


def test_every_rule_of_the_five_plans_has_its_clause_and_a_name_that_users_read() -> None:
    for plan in load_campaigns(repo_root() / "campaigns").values():
        document = plan.document
        for named in [
            document.metrics,
            document.measures,
            document.periods,
            document.awards,
            document.goals,
            document.blocs,
        ]:
            assert all(item.name for item in named), plan.campaign_id
        for rules in [
            document.periods,
            document.gates,
            document.awards,
            document.goals,
            document.reports,
            document.checks,
        ]:
            assert all(rule.clause for rule in rules)


# What somebody may write in a wrong place; a plan with it is loaded or refused, never a traceback.
ODD = [None, [], {}, "x", 5, True, -1, [[]], ["x", "x"], {1: 2}, {"kind": []}, {"reading": [1]}, {"reading": None}]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(inner, (*path, key))


def test_whatever_stands_in_a_place_is_loaded_or_refused(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    places = list(_places(yaml.safe_load(PLAN)))
    outcomes = {"loaded": 0, "refused": 0}
    for number, path in enumerate(places):
        data = here = yaml.safe_load(PLAN)
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = copy.deepcopy(ODD[number % len(ODD)])
        (folder / "plan.yml").write_text(yaml.safe_dump(data, sort_keys=False))
        try:
            plan = load_plan(folder)
            for reading in plan.document.readings:
                for option in reading.options:
                    compile_plan(plan, {reading.reading_id: option})
            outcomes["loaded"] += 1
        except PlanError as error:
            assert all(problem.line for problem in error.problems), error.message
            outcomes["refused"] += 1
    assert outcomes["refused"] > len(places) / 2 and outcomes["loaded"]


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    (folder / "baseline.csv").write_text("metric_id,unit_id,value\n")
    (folder / "units.csv").write_bytes("unit_id,name\nđ,Đ\n".encode("utf-16"))
    (folder / "targets.csv").unlink()
    (folder / "targets.csv").mkdir()
    told = problems_of(folder)
    assert any(
        line.startswith("small/baseline.csv: file: ") and "did you mean 'baselines.csv'" in line for line in told
    )
    assert any(line.startswith("small/units.csv: file: is not UTF-8") for line in told)
    assert any(line.startswith("small/targets.csv: file: cannot be read") for line in told)
    (folder / "plan.yml").write_bytes("campaign: x".encode("utf-16"))
    assert problems_of(folder) == ["small/plan.yml: file: is not UTF-8; save it as UTF-8"]
    (folder / "plan.yml").write_text("[" * 5000)
    assert problems_of(folder) == ["small/plan.yml: plan: cannot be read: nested too deeply"]


def test_without_units_nothing_else_is_blamed(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    (folder / "units.csv").unlink()
    assert problems_of(folder) == ["small/units.csv: file: is missing or has no units"]


def test_folders_of_campaigns(tmp_path: Path) -> None:
    with pytest.raises(ThiduaError, match="no such folder of campaigns"):
        load_campaigns(tmp_path / "nowhere")
    write_small(tmp_path)
    (tmp_path / "later" / "empty").mkdir(parents=True)
    assert list(load_campaigns(tmp_path)) == ["small"], "a folder without files is no campaign yet"
    with pytest.raises(ThiduaError, match=r"no campaign 'smal' .* \(there are: small\)"):
        load_campaigns(tmp_path, ["smal"])
    (tmp_path / "later" / "units.csv").write_text("unit_id\n")
    write_small(tmp_path, {"title: Small": "titel: Small"})
    with pytest.raises(PlanError) as error:
        load_campaigns(tmp_path)
    assert {problem.file for problem in error.value.problems} == {"later/plan.yml", "small/plan.yml"}
    shutil.rmtree(tmp_path / "later")
