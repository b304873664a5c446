"""The same over S3's own protocol: a bucket, Airflow's connection to it, and hosts that are processes of their own."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from botocore.exceptions import ClientError
from s3fs import S3FileSystem
from s3fs.errors import translate_boto_error
from thidua.clock import parse_instant
from thidua.desk.handing_in import free_name, hand_in, receipt_of, sidecar_of
from thidua.errors import NotWell, ThiduaError
from thidua.intake.ingest import ingest
from thidua.lake.batches import list_batches, read_manifest
from thidua.lake.receipts import SIDECAR, list_landing, load_receipts
from thidua.lake.store.begin import compare
from thidua.lake.store.house import copy_of
from thidua.lake.writing import landed, refresh, waiting_for_any_host
from thidua.settings import Home

from tests.lake.store.conftest import Hosts, content_of, make_hosts
from tests.lake.store.test_hosts import commit, decide, delete_original, judged, receive
from tests.postgres import Database
from tests.processes import Command
from tests.property.campaigns import write_plan, write_submission
from tests.property.test_oracle import draw_campaigns
from tests.s3 import Bucket

pytestmark = pytest.mark.slow(seconds=25)

NOW = "2024-02-01T00:00:00+00:00"
LATER = parse_instant("2024-02-02")


@pytest.fixture
def hosts(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> Hosts:
    return make_hosts(tmp_path, database, monkeypatch, bucket.url)


def rows_of(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """What the batches say of the files, wherever and when they were judged."""
    found = {}
    for table in ("submissions", "scopes", "figures", "rejected_rows"):
        files = [str(batch / f"{table}.parquet") for batch in list_batches(home)]
        query = f"select * {'exclude (judged_at)' if table == 'submissions' else ''} from read_parquet(?) order by all"
        found[table] = duckdb.execute(query, [files]).fetchall()
    return found


def test_two_hosts_ingest_at_once(hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same files, half of them in both hosts' landing/, half in the bucket: each counts once, as on one host."""
    alone = Home(tmp_path / "alone")
    with hosts.on(hosts.a) as home:
        place = copy_of(home).place
    for campaign in draw_campaigns(2, number=11):
        write_plan(campaign, hosts.plans / campaign.campaign_id)
        for number, submission in enumerate(campaign.submissions):
            file = write_submission(campaign, submission, alone.landing)
            sidecar = file.with_name(file.name + SIDECAR)
            path = file.relative_to(alone.landing).as_posix()
            if number % 2:
                place.write(f"landing/{path}{SIDECAR}", sidecar.read_bytes())
                place.write(f"landing/{path}", file.read_bytes())
                continue
            for home in (hosts.a, hosts.b):
                (home.landing / path).parent.mkdir(parents=True, exist_ok=True)
                for one in (sidecar, file):
                    copied = home.landing / one.relative_to(alone.landing)
                    copied.write_bytes(one.read_bytes())
                    os.utime(copied, ns=(one.stat().st_mtime_ns, one.stat().st_mtime_ns))
    running = [Command(["ingest", "--now", NOW, "--json"], hosts.environment(home)) for home in (hosts.a, hosts.b)]
    for command in running:
        done = command.finish()
        assert "Traceback" not in done.stderr and done.returncode in (0, 1), done.stderr
        json.loads(done.stdout)  # and nothing of Airflow's between
    with monkeypatch.context() as patched:
        patched.delenv("THIDUA_LAKE_STORE")
        ingest(alone, hosts.plans, parse_instant(NOW), explicit_now=True)

    assert hosts.seen_by(hosts.a) == hosts.seen_by(hosts.b)
    counts = Counter(one for batch in list_batches(hosts.a) for one in read_manifest(batch)["submission_ids"])
    assert set(counts) == {one.submission_id for one in load_receipts(alone)} and set(counts.values()) == {1}
    assert rows_of(hosts.a) == rows_of(alone) and rows_of(alone)["figures"]
    assert {path.name: path.read_bytes() for path in (hosts.b.lake / "receipts").iterdir()}.keys() == {
        path.name for path in (alone.lake / "receipts").iterdir()
    }


def test_what_is_handed_in_on_one_host_is_received_on_another(hosts: Hosts) -> None:
    """The page's receipt is the lake's; a name that somebody used is not used again; a file of an office's system has the
    time that the bucket gave it, so that it is one receipt wherever it is received."""
    path = "lam-dong-2023/progress/bao-loc_2023-06-30.csv"
    with hosts.on(hosts.a) as home:
        receipt = receipt_of(
            "lam-dong-2023", "progress", path.rpartition("/")[2], b"a;b\n1;2\n", parse_instant("2023-07-01")
        )
        assert hand_in(home, receipt, b"a;b\n1;2\n", "an", "báo cáo.csv")
        copy_of(home).place.write("landing/lam-dong-2023/progress/system.csv", b"x;y\n")
        copy_of(home).place.write("landing/../lake/decisions/evil.json", b"{}")
    with hosts.on(hosts.b) as home:
        refresh(home)
        other = receipt_of("lam-dong-2023", "progress", path.rpartition("/")[2], b"another", LATER)
        assert not hand_in(home, other, b"another", "binh", "x.csv")
        assert free_name(home, *path.split("/")) == "bao-loc_2023-06-30_2.csv", (
            "the next free name is another one here too"
        )
        assert sidecar_of(home, path)["handed_in_by"] == "an"
        assert not home.landing.exists() and len(waiting_for_any_host(home)) == 2
        assert landed(home, [path, "lam-dong-2023/progress/system.csv", "nowhere.csv"]) == [
            path,
            "lam-dong-2023/progress/system.csv",
        ]
        list_landing(home, LATER, explicit_now=True, settle_seconds=0)
        assert receipt.submission_id in {one.submission_id for one in load_receipts(home)} and not waiting_for_any_host(
            home
        )
    with hosts.on(hosts.a) as home:
        refresh(home)
        assert not list_landing(home, LATER, explicit_now=True, settle_seconds=0).new
        assert len(load_receipts(home)) == 2 and not (home.lake / "decisions").exists()
        assert {one.etag for one in load_receipts(home)} == {
            one.etag for one in copy_of(home).place.listed("landing") if one.key.endswith(".csv")
        }
        assert all(len(one.etag) == 32 for one in load_receipts(home)), "what tells files of one second apart"
    with hosts.on(fresh := hosts.joined("c")) as home:
        list_landing(home, LATER, explicit_now=True, settle_seconds=0)
        assert not fresh.landing.exists(), "what has a receipt is not fetched again"


def test_a_look_with_nothing_new_is_one_request(hosts: Hosts, bucket: Bucket) -> None:
    with hosts.on(hosts.a) as home:
        receive(home)
        commit(home, judged(home, "one"))
        before = len(bucket.requests.lines)
        refresh(home)
        (line,) = bucket.requests.lines[before:]
        assert "GET /" in line and "log/0000000003.json" in line and "404" in line
        before = len(bucket.requests.lines)
        decide(home)
        assert len(bucket.requests.lines[before:]) == 3, "a look, whether the log is still that one, and the commit"


@pytest.mark.parametrize(
    ("code", "status", "times", "is_created"),
    [
        ("PreconditionFailed", 412, 1, False),
        ("ConditionalRequestConflict", 409, 2, False),
        ("ConditionalRequestConflict", 409, 1, True),
    ],
)
def test_a_name_that_is_taken_is_told_by_the_status_alone(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, code: str, status: int, times: int, is_created: bool
) -> None:
    """Not every store says which condition did not hold; 409 is of two at once, of which the other may come to nothing."""
    calling = S3FileSystem._call_s3
    answers = [status] * times

    async def call(self: Any, method: str, *given: Any, **named: Any) -> Any:
        if "IfNoneMatch" in named and answers:
            said = {"Error": {"Code": code, "Message": "x"}, "ResponseMetadata": {"HTTPStatusCode": answers.pop()}}
            raise translate_boto_error(ClientError(said, method))
        return await calling(self, method, *given, **named)

    with hosts.on(hosts.a) as home:
        place = copy_of(home).place
        monkeypatch.setattr(S3FileSystem, "_call_s3", call)
        assert place.create("probe/one", b"first") is is_created and not answers
        assert place.read("probe/one") == (b"first" if is_created else None)


def test_a_deleted_original_is_not_in_the_bucket(hosts: Hosts) -> None:
    with hosts.on(hosts.a) as home:
        receive(home)
        assert len(copy_of(home).place.listed("files")) == 1
        delete_original(home)
        assert copy_of(home).place.listed("files") == [] and compare(home).is_same
    assert hosts.seen_by(hosts.b) == content_of(hosts.a) == hosts.seen_by(hosts.joined("c"))


def test_a_bucket_that_does_not_answer_is_told_in_a_line(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, bucket: Bucket
) -> None:
    monkeypatch.setenv("THIDUA_LAKE_STORE", bucket.url.replace(bucket.name, "no-such-bucket"))
    with hosts.on(hosts.a) as home, pytest.raises(NotWell, match=r"cannot reach|is empty or another one") as error:
        refresh(home)
    assert "\n" not in error.value.message and "thidua_bucket" not in error.value.message
    monkeypatch.setenv("THIDUA_LAKE_STORE", "nothing://x@y/z")
    with hosts.on(hosts.a) as home, pytest.raises(ThiduaError, match="with Airflow's provider"):
        refresh(home)
