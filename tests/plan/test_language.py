"""The plan language: what it takes, and how clearly it refuses the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from thidua.errors import PlanError
from thidua.plan.loader import load_campaigns, load_plan
from thidua.plan.schema import plan_schema
from thidua.settings import repo_root

from tests.plan.small import write_small

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
    "quota of an unknown unit": ("quota_of: {o1: 2}", "quota_of: {o9: 2}", "awards.quota_of", "'o9'", None),
}  # fmt: skip
BROKEN_CSV = {
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
    if new:
        lines = (folder / "plan.yml").read_text().splitlines()
        section = field.split("[")[0].split(".")[0]
        start = next(number for number, line in enumerate(lines, 1) if line.startswith(section))
        if reason not in {"quota of an unknown unit"}:
            assert int(place[1]) >= start, "the line lies in the section of the rule"
    if allowed:
        assert any(f"allowed: {allowed}" in line for line in told), told


@pytest.mark.parametrize("reason", BROKEN_CSV)
def test_a_broken_row_is_told_with_its_line(tmp_path: Path, reason: str) -> None:
    file, old, new, line, field, words = BROKEN_CSV[reason]
    folder = write_small(tmp_path, {old: new}, file)
    told = [text for text in problems_of(folder) if text.startswith(f"small/{file}:{line}: {field}")]
    assert told, problems_of(folder)
    assert any(words in text for text in told), told


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
