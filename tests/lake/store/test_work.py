"""A day's work spread over hosts: received here, judged there, decided, built and published elsewhere, made official."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from thidua.cli import main
from thidua.clock import now_utc, parse_instant
from thidua.closing import approve as approving
from thidua.closing import close as closing_module
from thidua.closing import reproduce as reproducing
from thidua.closing.approve import approve, issue
from thidua.closing.clocks import closing_instant
from thidua.closing.close import examine, record_order
from thidua.closing.reproduce import reproduce
from thidua.desk import following
from thidua.errors import NotWell, ThiduaError
from thidua.files import locked
from thidua.intake.ingest import ingest, judge_again
from thidua.intake.judge import judge_chunk
from thidua.lake import writing
from thidua.lake.batches import AGAIN, list_batches
from thidua.lake.decisions import record_decision
from thidua.lake.judgements import judgements, wanted
from thidua.lake.receipts import list_landing, load_receipts
from thidua.lake.store.begin import begin, compare
from thidua.lake.store.folder import Folder
from thidua.lake.store.house import copy_of
from thidua.lake.writing import refresh, write_note
from thidua.operations.backup import backup
from thidua.operations.restore import restore
from thidua.orchestration import fresh, landing_trigger, steps
from thidua.plan.snapshots import record_snapshots
from thidua.review.decide import AlreadyDecided, decide
from thidua.settings import Home
from thidua.warehouse.build import build
from thidua.warehouse.place import warehouse_of
from thidua.warehouse.postgres import warehouse as warehouse_module
from thidua.warehouse.postgres.described import DESCRIBED
from thidua.warehouse.postgres.warehouse import PostgresWarehouse
from thidua.warehouse.publish import follow, publish

from tests.closing import made_up
from tests.closing.made_up import CAMPAIGN, PERIOD
from tests.closing.test_approve import decide_everything
from tests.lake.store.conftest import Hosts, content_of
from tests.operations.conftest import land
from tests.property.campaigns import Campaign, write_plan, write_submission
from tests.property.oracle import Oracle
from tests.property.published import differences, read_published
from tests.property.test_oracle import AFTER, draw_campaigns

pytestmark = pytest.mark.slow(seconds=30)

NOW = parse_instant("2024-02-01")


def lay(plans: Path, *landings: Path) -> list[Campaign]:
    """Two drawn campaigns whose files are dealt out to some folders in turn."""
    campaigns = [replace(campaign, decisions={}) for campaign in draw_campaigns(2, number=11)]
    for campaign in campaigns:
        write_plan(campaign, plans / campaign.campaign_id)
        for number, submission in enumerate(campaign.submissions):
            write_submission(campaign, submission, landings[number % len(landings)])
    return campaigns


def test_the_tasks_of_a_run_may_run_on_any_host(hosts: Hosts) -> None:
    """Received on one, judged on the other, committed on the first; a task that is run again is told the same batch."""
    lay(hosts.plans, hosts.a.landing)
    params = {"now": NOW.isoformat()}
    with hosts.on(hosts.a):
        (chunk,) = steps.take_receipts(params)["chunks"]
    with hosts.on(hosts.b):
        judged = steps.judge(chunk, params)
        again = steps.judge(chunk, params)
        assert judged["batches"] == again["batches"] and judged["files"] == len(chunk)
    with hosts.on(hosts.a) as home:
        assert steps.commit([again], params) == judged["batches"] == [batch.name for batch in list_batches(home)]
        assert steps.take_receipts(params)["chunks"] == []
    assert hosts.seen_by(hosts.b) == content_of(hosts.a)


def test_what_is_decided_on_one_host_is_judged_on_another(hosts: Hosts) -> None:
    lay(hosts.plans, hosts.a.landing)
    with hosts.on(hosts.a) as home:
        ingest(home, hosts.plans, NOW, explicit_now=True)
        receipt = load_receipts(home)[0]
        subject = {"submission_ids": [receipt.submission_id]}
        record_decision(
            home, campaign_id=receipt.campaign_id, kind="rejudge", subject=subject, decided_by="an", recorded_at=NOW, reason="…"
        )  # fmt: skip
    hosts.seen_by(hosts.b)
    with hosts.on(hosts.b) as home:
        (made,) = judge_again(home, hosts.plans, NOW)
        assert made.startswith(AGAIN)
    with hosts.on(hosts.a) as home:
        assert hosts.seen_by(hosts.a) == content_of(hosts.b)
        assert wanted(home) == [] == judge_again(home, hosts.plans, NOW)


def test_a_host_with_an_old_plan_does_not_bring_it_back(hosts: Hosts, tmp_path: Path) -> None:
    lay(hosts.plans, hosts.a.landing)
    old = tmp_path / "old"
    shutil.copytree(hosts.plans, old)
    with hosts.on(hosts.a) as home:
        record_snapshots(home, hosts.plans, NOW)
        plan = next(hosts.plans.glob("*/plan.yml"))
        plan.write_text(f"# amended\n{plan.read_text()}")
        assert len(record_snapshots(home, hosts.plans, NOW)) == 1
        chunk = [receipt.submission_id for receipt in list_landing(home, NOW, explicit_now=True).receipts]
    with hosts.on(hosts.b) as home:
        refresh(home)
        for attempt in (lambda: record_snapshots(home, old, NOW), lambda: judge_chunk(home, old, chunk, NOW)):
            with pytest.raises(NotWell, match="is a plan that another host has replaced"):
                attempt()
        assert record_snapshots(home, hosts.plans, NOW) == []
        assert ingest(home, hosts.plans, NOW, explicit_now=True).files == len(chunk)


def test_of_two_operators_on_two_hosts_one_decides(hosts: Hosts) -> None:
    lay(hosts.plans, hosts.a.landing)
    with hosts.on(hosts.a) as home:
        ingest(home, hosts.plans, NOW, explicit_now=True)
        made = judgements(home)
        receipt = next(
            one for one in load_receipts(home) if made[one.submission_id][-1].outcome["verdict"] == "accepted"
        )
    given = {
        "campaign_id": receipt.campaign_id, "kind": "return_submission", "subject": {"submission_id": receipt.submission_id},
        "reason": "sai", "now": NOW,
    }  # fmt: skip
    with hosts.on(hosts.a) as home:
        decide(home, hosts.plans, decided_by="an", **given)
    with hosts.on(hosts.b) as home, pytest.raises(AlreadyDecided):
        decide(home, hosts.plans, decided_by="binh", **given)


def test_an_official_version_is_made_together_and_reproduced_anywhere(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen and decided on one, approved on both, issued on one; the other finds it identical, and its files whole."""
    for module in (closing_module, approving, reproducing):
        monkeypatch.setattr(module, "compute_basis", made_up.compute)
    monkeypatch.setattr(approving, "computed_before", made_up.compute)
    at = parse_instant("2023-07-08")
    with hosts.on(hosts.a) as home:
        made_up.freeze(home)
        decide_everything(home)
    for user, host in (("an", hosts.a), ("binh", hosts.b)):
        hosts.seen_by(host)
        with hosts.on(host) as home:
            seen = examine(home, CAMPAIGN, PERIOD, at).content_hash or ""
            approve(home, CAMPAIGN, PERIOD, user=user, role="op", seen=seen, at=at)
            with pytest.raises(NotWell, match="has approved already"):
                approve(home, CAMPAIGN, PERIOD, user=user, role="op", seen=seen, at=at)
    with hosts.on(hosts.a) as home:
        official = issue(home, CAMPAIGN, PERIOD, at)
    assert hosts.seen_by(hosts.b) == content_of(hosts.a)
    with hosts.on(hosts.b) as home:
        assert issue(home, CAMPAIGN, PERIOD, at).manifest == official.manifest, "once more is the same, anywhere"
        found = reproduce(home, CAMPAIGN, PERIOD)
        assert found.is_identical and found.version == 1
    assert reproduce(hosts.joined("c"), CAMPAIGN, PERIOD).is_identical


def test_what_was_acknowledged_counts_on_a_host_whose_clock_is_behind(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decided on one, looked at, approved and issued on another by a clock that has not come that far."""
    for module in (closing_module, approving):
        monkeypatch.setattr(module, "compute_basis", made_up.compute)
    monkeypatch.setattr(approving, "computed_before", made_up.compute)
    ahead = parse_instant("2023-07-08")
    behind = ahead - timedelta(seconds=30)
    with hosts.on(hosts.a) as home:
        made_up.freeze(home)
        decide_everything(home, ahead.isoformat())
        shown = examine(home, CAMPAIGN, PERIOD, ahead)
    hosts.seen_by(hosts.b)
    with hosts.on(hosts.b) as home:
        assert examine(home, CAMPAIGN, PERIOD, behind).content_hash == shown.content_hash and shown.state == "ready"
        for user in ("an", "binh"):
            approve(home, CAMPAIGN, PERIOD, user=user, role="op", seen=shown.content_hash or "", at=behind)
        assert issue(home, CAMPAIGN, PERIOD, behind).approved_at == ahead
        assert record_order(home, CAMPAIGN, PERIOD, decided_by="an", at=behind, reason="…")["recorded_at"] == (
            ahead.isoformat()
        )
        past = ahead - timedelta(seconds=61)
        assert closing_instant(home, CAMPAIGN, PERIOD, past) == past, "a past that is asked for is one"
        wrong = now_utc() + timedelta(minutes=10)
        record_decision(
            home, campaign_id=CAMPAIGN, kind="gate", subject={}, decided_by="an", recorded_at=wrong, reason="…"
        )
        with pytest.raises(ThiduaError, match="set the clocks of all hosts right"):
            examine(home, CAMPAIGN, PERIOD, wrong - timedelta(seconds=61))


def test_two_hosts_build_what_the_rules_say(hosts: Hosts, tmp_path: Path) -> None:
    """Half of the files on each; built on one, published on the other and followed by the first: what the oracle says."""
    campaigns = lay(hosts.plans, hosts.a.landing, hosts.b.landing)
    for host in (hosts.a, hosts.b):
        with hosts.on(host) as home:
            ingest(home, hosts.plans, AFTER, explicit_now=True)
    with hosts.on(hosts.a) as home:
        built = build(home, hosts.plans, AFTER)
        assert built.did_work and built.batches == 2, "what the other host committed too"
    with hosts.on(hosts.b) as home:
        assert not build(home, hosts.plans, AFTER).did_work, "built on the other host"
        follow(home)
        assert not home.serve.exists(), "nobody has published it yet"
        assert publish(home)
    with hosts.on(hosts.a) as home:
        follow(home)
        follow(home)
        assert len([path for path in home.serve.iterdir() if path.name[0].isdigit()]) == 1
        ids = {receipt.landing_path: receipt.submission_id for receipt in load_receipts(home)}
        described = (home.warehouse / "dbt" / DESCRIBED).read_bytes()
    for host in (hosts.a, hosts.b):
        served = host.serve / "current"
        shutil.copyfile(served / "marts.duckdb", tmp_path / f"{host.path.name}.duckdb")
        found = read_published(tmp_path / f"{host.path.name}.duckdb")
        for campaign in campaigns:
            expected = Oracle(campaign, ids, AFTER, None).run()
            assert expected.ranking and differences(campaign.campaign_id, expected, found[campaign.campaign_id]) == []
        assert (served / DESCRIBED).read_bytes() == described, "of the build, on whatever host it was"


def test_pages_and_the_watcher_see_what_other_hosts_did(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """And go on without the store: pages show what is known here, the watcher finds nothing new."""
    with hosts.on(hosts.a) as home:
        lay(hosts.plans, hosts.a.landing)
        list_landing(home, NOW, explicit_now=True)
        copy_of(home).place.write("landing/draw-000/progress/waiting.csv", b"a;b\n")
    desk = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(desk=SimpleNamespace(home=hosts.b))))
    with hosts.on(hosts.b) as home:
        assert {path for path, *_ in landing_trigger._waiting(home)} == {"draw-000/progress/waiting.csv"}
        monkeypatch.setattr(following, "_follow", lambda home: None)
        following.fresh(desk)  # type: ignore[arg-type]
    assert content_of(hosts.b) == content_of(hosts.a)
    hosts.store.rename(hosts.store.with_name("away"))
    with hosts.on(hosts.b) as home:
        assert landing_trigger._waiting(home) == frozenset()
        following.fresh(desk)  # type: ignore[arg-type]


def test_pages_do_not_ask_a_dead_store_again_and_again(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would wait for a minute; and none waits for who is waiting."""
    asked = []

    def read(place: Folder, key: str) -> bytes | None:
        asked.append(key)
        raise NotWell("no answer after a minute")

    with hosts.on(hosts.a) as home:
        refresh(home)
        with locked(copy_of(home).lock):
            assert not refresh(home, wait=False)
        monkeypatch.setattr(Folder, "read", read)
        for _ in range(5):
            assert not refresh(home, at_most_every=3600), "it has looked"
        writing._refreshed.clear()
        for _ in range(5):
            with pytest.raises(NotWell, match="no answer after a minute"):
                refresh(home, at_most_every=3600)
        assert len(asked) == 1
        with pytest.raises(NotWell):
            refresh(home)
        assert len(asked) == 2, "who must know asks"


def test_a_command_does_not_wait_for_a_build_elsewhere(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published elsewhere comes here with the next look; a build may take an hour."""
    monkeypatch.setattr(warehouse_module, "_check_order", lambda *_: None)  # of a database made for tests
    monkeypatch.setattr(PostgresWarehouse, "exists", lambda _: True)
    with hosts.on(hosts.b) as home:
        write_note(home, home.serve / "published", b"a build", 0o600)
        with warehouse_of(hosts.a).locked():
            monkeypatch.setattr(warehouse_module, "LOCK", "select 'it would wait here for ever' / 0")
            assert fresh.home() == home
            with pytest.raises(BlockingIOError):
                publish(home, wait=False)


def test_a_clock_a_little_behind_receives_nothing_earlier(hosts: Hosts) -> None:
    """Clocks of hosts differ by seconds: the order of receipts is that of the log; more than a minute is refused."""
    for name, host, at in (("one", hosts.a, NOW), ("two", hosts.b, NOW - timedelta(seconds=30))):
        land(host, f"draw-000/progress/{name}.csv", name)
        hosts.seen_by(host)
        with hosts.on(host) as home:
            list_landing(home, at, settle_seconds=0)
    assert [receipt.received for receipt in load_receipts(hosts.b)] == [NOW, NOW]
    with hosts.on(hosts.b) as home, pytest.raises(ThiduaError, match="earlier than the latest receipt"):
        list_landing(home, NOW - timedelta(seconds=61), settle_seconds=0)


def test_a_backup_is_not_restored_into_a_copy(hosts: Hosts, tmp_path: Path) -> None:
    """On any host it holds the whole lake; restored into an empty home without a store, it begins a new one."""
    with hosts.on(hosts.a) as home:
        lay(hosts.plans, home.landing)
        list_landing(home, NOW, explicit_now=True)
    hosts.seen_by(hosts.b)
    with hosts.on(hosts.b) as home:
        archive = backup(home, hosts.plans, tmp_path / "b.tar.gz", NOW, with_airflow=False).path
        with pytest.raises(ThiduaError, match="lake/ is a copy of a store"):
            restore(home, hosts.plans, archive, NOW, replace=True)
    other = Home(tmp_path / "other")
    with hosts.monkeypatch.context() as patched:
        patched.delenv("THIDUA_LAKE_STORE")
        restore(other, hosts.plans, archive, NOW, key=hosts.a.restricted / "person.key", with_build=False)
    (tmp_path / "new").mkdir()
    hosts.monkeypatch.setenv("THIDUA_LAKE_STORE", f"file://{tmp_path / 'new'}")
    with hosts.on(other) as home:
        begin(home)
        assert compare(home).is_same and content_of(home) == content_of(hosts.a)


def test_help_asks_nothing_of_the_store(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Folder, "read", lambda *_: (_ for _ in ()).throw(NotWell("it was asked")))
    for arguments, code in ((["status", "--help"], 0), (["status"], 1)):
        monkeypatch.setattr("sys.argv", ["thidua", *arguments])
        with hosts.on(hosts.a), pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == code and ("it was asked" in capsys.readouterr().err) is bool(code)


def test_the_commands_on_the_store(hosts: Hosts, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def said(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["thidua", *arguments])
        with hosts.on(hosts.a), pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    land(hosts.a, "draw-000/progress/one.csv", "one")
    with hosts.on(hosts.a) as home:
        list_landing(home, NOW, explicit_now=True)
    code, out, _ = said("store-init", "--json")
    assert code == 0 and json.loads(out)["paths"] == 2
    assert said("store-check")[0] == 0
    (hosts.a.lake / "decisions").mkdir()
    (hosts.a.lake / "decisions" / "alone.json").write_text("{}")
    code, out, err = said("store-check")
    assert code == 1 and "known here alone: decisions/alone.json" in err
    code, out, err = said("store-check", "--mend", "--json")
    assert code == 0 and json.loads(out)["alone"] == ["decisions/alone.json"] and "set aside" in err
    assert said("store-check", "--json")[0] == 0
    monkeypatch.delenv("THIDUA_LAKE_STORE")
    code, _, err = said("store-check")
    assert code == 2 and "set THIDUA_LAKE_STORE first" in err
