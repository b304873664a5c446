"""What is supposed is written into a copy of a plan; what the plan has not is answered with what it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from thidua.errors import ThiduaError
from thidua.plan.compile import compile_plan
from thidua.plan.loader import Plan, load_plan
from thidua.settings import repo_root
from thidua.what_if.overlay import assumed_values, overlaid_plan
from thidua.what_if.scenario import parse_scenario

CAMPAIGNS = sorted(path.parent for path in (repo_root() / "campaigns").glob("*/plan.yml"))


def plan_of(campaign: str) -> Plan:
    return load_plan(repo_root() / "campaigns" / campaign)


def changed(tmp_path: Path, campaign: str, period: str, **given: list[str]) -> dict[str, list[dict[str, object]]]:
    """The rows of the plan's tables that differ, by table: (gone, new) as one list of what is new."""
    plan = plan_of(campaign)
    overlaid = overlaid_plan(plan, period, parse_scenario(**given), tmp_path / campaign)
    before, after = compile_plan(plan), compile_plan(overlaid)
    return {table: new for table, rows in after.items() if (new := [row for row in rows if row not in before[table]])}


def test_there_are_plans() -> None:
    assert len(CAMPAIGNS) == 5


@pytest.mark.parametrize("folder", CAMPAIGNS, ids=lambda folder: folder.name)
def test_writing_a_plan_again_changes_nothing_else(folder: Path, tmp_path: Path) -> None:
    period = plan_of(folder.name).document.periods[0].period_id
    new = changed(tmp_path, folder.name, period, rules=["campaign.title=Tên khác"])
    assert {table: len(rows) for table, rows in new.items()} == {"campaigns": 1}


def test_a_threshold_of_one_closing_leaves_the_others(tmp_path: Path) -> None:
    new = changed(tmp_path, "lam-dong-2023", "final", rules=["periods.final.threshold=95%"])
    gates = [(row["gate_id"], row["period_id"], row["threshold_ppm"]) for row in new["gates"]]
    assert gates == [("final_100", "final", 950_000), ("final_100-others", "year-2023", 1_000_000)]


def test_rules_by_their_ids(tmp_path: Path) -> None:
    rules = ["awards.first.amount=200000", "periods.final.multiplier=3", "awards.consolation.requires.0.kind=measure"]
    new = changed(tmp_path, "lam-dong-2023", "q2", rules=rules)
    assert {row["amount"] for row in new["prizes"]} == {200_000}
    assert [row["multiplier"] for row in new["periods"]] == [3]
    assert set(new) == {"prizes", "periods"}


def test_a_target_of_one_closing(tmp_path: Path) -> None:
    new = changed(tmp_path, "lam-dong-2023", "q2", targets=["bao-loc=15000"])
    assert [(row["target_id"], row["period_id"], row["value"]) for row in new.pop("targets")] == [
        ("vssid_increase", "q2", 15_000)
    ]
    assert not new


def test_a_count_takes_the_shape_of_its_metric() -> None:
    def shape(campaign: str, period: str, count: str) -> tuple[object, ...]:
        rows = assumed_values(plan_of(campaign), period, parse_scenario(counts=[count]))
        return tuple(rows[0][name] for name in ("period_id", "as_of_date", "value"))

    assert shape("lam-dong-2023", "q2", "bao-loc:vssid_users=39000") == (None, "2023-06-30", 39_000)
    assert shape("an-giang-2022", "final", "thpt-le-hong:took_part=400") == ("final", "2022-04-20", 400)
    assert shape("can-tho-2023", "wave-1", "ninh-kieu:enrolled=400") == ("wave-1", "2023-06-09", 400)


@pytest.mark.parametrize(
    ("campaign", "period", "given", "message"),
    [
        ("lam-dong-2023", "q2", {"rules": ["gates.q2_6.at_least=65%"]}, r"no rule 'q2_6' \(closest: q2_60"),
        ("lam-dong-2023", "q2", {"rules": ["gates.q2_60.atleast=65%"]}, "atleast"),
        ("lam-dong-2023", "q2", {"rules": ["gates.q2_60.at_least=65"]}, "write the percentage with its sign"),
        ("lam-dong-2023", "q2", {"rules": ["awards.consolation.requires.0.at_least=90%"]}, "--reading consolation_at"),
        ("lam-dong-2023", "q2", {"rules": ["awards.consolation.requires.5.at_least=90%"]}, "must be a number below"),
        ("lam-dong-2023", "q2", {"rules": ["campaign.title.length=5"]}, "the plan has no 'campaign.title.length'"),
        ("lam-dong-2023", "q5", {"rules": ["campaign.title=x"]}, "there is no period 'q5'"),
        ("chiem-hoa-2021", "m2021-03", {"rules": ["periods.m2021-03.threshold=5%"]}, "has not one threshold"),
        ("lam-dong-2023", "q2", {"targets": ["bao-lok=5"]}, r"no unit 'bao-lok' \(closest: bao-loc"),
        ("lam-dong-2023", "q2", {"targets": ["bao-loc=many"]}, "many"),
        ("lam-dong-2023", "q2", {"targets": ["lam-dong=5"]}, "which target: none"),
        ("lam-dong-2023", "q2", {"targets": ["bao-loc:goal=5"]}, "no target 'goal'"),
    ],
)
def test_what_the_plan_has_not(
    tmp_path: Path, campaign: str, period: str, given: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ThiduaError, match=message):
        changed(tmp_path, campaign, period, **given)


@pytest.mark.parametrize(
    ("count", "message"),
    [
        ("bao-loc=5", "which count of 'bao-loc'"),
        ("bao-loc:vssid=5", r"no metric 'vssid' \(closest: vssid_users"),
        ("bao-loc:vssid_users=-5", "not a whole number"),
        ("nobody:vssid_users=5", "no unit 'nobody'"),
    ],
)
def test_counts_that_make_no_sense(count: str, message: str) -> None:
    with pytest.raises(ThiduaError, match=message):
        assumed_values(plan_of("lam-dong-2023"), "q2", parse_scenario(counts=[count]))


def test_an_instant_is_no_count() -> None:
    plan = plan_of("an-giang-2022")
    instant = next(metric.metric_id for metric in plan.document.metrics if metric.kind == "instant")
    with pytest.raises(ThiduaError, match="is an instant, no count"):
        assumed_values(plan, "final", parse_scenario(counts=[f"thpt-le-hong:{instant}=5"]))


@pytest.mark.parametrize("given", [{}, {"rules": ["gates.q2_60.at_least"]}, {"counts": ["=5"]}])
def test_a_scenario_says_something(given: dict[str, list[str]]) -> None:
    with pytest.raises(ThiduaError, match=r"nothing is supposed|is not NAME=VALUE"):
        parse_scenario(**given)
