"""The command `thidua remind`, as a program."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_cli import run
from tests.reminders.conftest import owe
from tests.reports.conftest import Marts


def test_remind_shows_then_writes_then_says_what_is_wrong(office: Marts) -> None:
    owe(office, "a")
    office.close()
    home = office.home.path
    asked = ["remind", "--campaign", "lam-dong-2023", "--now", "2023-07-04T07:00:00"]
    shown = run(home, *asked, "--dry-run")
    assert shown.returncode == 0 and "Kính gửi: Huyện A" in shown.stdout, shown.stderr
    assert not office.home.outbox.exists()

    (home / "contacts.csv").write_text("unit_id,email\na,không có\n")
    written = run(home, *asked, "--json")
    assert written.returncode == 1, "an address is wrong; the text is written all the same"
    found = json.loads(written.stdout)
    (one,) = found["reminders"]
    assert (one["unit_id"], one["stage"], one["is_new"], one["is_sent"]) == ("a", "after-1", True, False)
    assert Path(one["text_file"]).read_text() == one["text"] and one["email_file"] is None
    assert "contacts.csv:2: email" in found["troubles"][0]


def test_where_nothing_is_published_nobody_is_reminded(tmp_path: Path) -> None:
    done = run(tmp_path, "remind")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "nothing is published" in done.stderr
    assert not (tmp_path / "outbox").exists()
