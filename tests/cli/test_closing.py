"""The commands around a closing, before there is anything to close: one clear line and the right exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_cli import run


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("reproduce", "lam-dong-2023", "q2"), 1, "no official version"),
        (("diff", "lam-dong-2023", "q2"), 1, "no official version"),
        (("answer", "lam-dong-2023", "q2", "tie", "x", "--by", "an", "--reason", "…"), 1, "not frozen yet"),
        (("reissue", "lam-dong-2023", "q2", "--by", "an", "--reason", "…"), 2, "not frozen yet"),
        (("answer-objection", "lam-dong-2023", "none", "upheld", "--by", "an", "--reason", "…"), 2, "no objection"),
        (("close", "lam-dong-2023", "q9", "--now", "2023-07-05"), 2, "there is no period 'q9' (there are: q2, q3"),
        (("close", "nowhere", "q2", "--now", "2023-07-05"), 2, "there is no campaign 'nowhere'"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_told_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = run(tmp_path, *arguments)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (code, "") and said in line


def test_a_period_that_is_not_over_is_not_frozen(tmp_path: Path) -> None:
    done = run(tmp_path, "close", "lam-dong-2023", "q2", "--now", "2023-07-03")
    assert done.returncode == 1 and "chưa đến hạn" in done.stdout
    assert not list((tmp_path / "lake" / "closings").glob("*/*/*.json"))
