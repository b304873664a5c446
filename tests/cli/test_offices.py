"""Commands whose output goes to offices: slip, slips, contract."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl

from tests.cli.test_cli import land, run


def test_slip_prints_its_text_and_says_where_the_copy_is(tmp_path: Path) -> None:
    land(tmp_path, "bao-loc_2023-06-30.csv", "Đơn vị;Lũy kế\nBảo Lộc;ba vạn\n".encode())
    land(tmp_path, "da-lat_2023-06-30.csv", "Đơn vị;Lũy kế\nĐà Lạt;50353\n".encode())
    run(tmp_path, "ingest", "--now", "2023-07-02")
    path = "lam-dong-2023/progress/bao-loc_2023-06-30.csv"
    done = run(tmp_path, "slip", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PHIẾU TRẢ LẠI BÁO CÁO\n") and "'ba vạn' không phải là số" in done.stdout
    found = json.loads(run(tmp_path, "slip", path, "--json").stdout)
    assert done.stdout.startswith(found["text"]) and found["workbook"] in done.stdout
    assert Path(found["text_file"]).read_text() == found["text"]
    assert openpyxl.load_workbook(found["workbook"]).sheetnames[0] == "Phiếu trả lại"
    assert run(tmp_path, "slip", found["submission_id"][:8]).stdout == done.stdout
    right = run(tmp_path, "slip", "lam-dong-2023/progress/da-lat_2023-06-30.csv")
    assert right.returncode == 0 and "needs no slip" in right.stdout

    unknown = run(tmp_path, "slip", "khong-co")
    assert unknown.returncode == 2 and len(unknown.stderr.splitlines()) == 1


def test_slips_writes_what_is_missing_once(tmp_path: Path) -> None:
    assert run(tmp_path, "slips", "--json").stdout == "[]\n"
    land(tmp_path, "bao-loc_2023-06-30.csv", "Đơn vị;Lũy kế\nBảo Lộc;ba vạn\n".encode())
    run(tmp_path, "ingest", "--now", "2023-07-02")
    first = run(tmp_path, "slips")
    assert first.returncode == 0 and first.stdout.startswith("1 phiếu mới, 1 phiếu hiện có")
    assert run(tmp_path, "slips").stdout.startswith("0 phiếu mới, 1 phiếu hiện có")


def test_contract_writes_a_form_here_or_where_it_is_told(tmp_path: Path) -> None:
    here = run(tmp_path, "contract", "progress", "--campaign", "lam-dong-2023", cwd=tmp_path)
    assert here.returncode == 0, here.stderr
    assert (tmp_path / "mau_progress_lam-dong-2023.xlsx").exists() and str(tmp_path) in here.stdout
    target = tmp_path / "bieu.xlsx"
    told = json.loads(run(tmp_path, "contract", "feedback", "--out", str(target), "--json").stdout)
    assert told["path"] == str(target) and target.exists()
    assert {"header": "Mã phản ánh (*)", "required": True} in told["columns"]


def test_contract_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    for arguments, said in (
        (("progres",), "allowed: attendance"),
        (("progress", "--campaign", "nowhere"), "allowed: an-giang-2022"),
        (("progress", "--campaign", "chiem-hoa-2021"), "no metric"),
        (("progress", "--out", str(tmp_path / "no" / "a.xlsx")), "cannot write"),
        (("progress", "--out", str(tmp_path / "a.csv")), "cannot write"),
    ):
        done = run(tmp_path, "contract", *arguments, cwd=tmp_path)
        assert done.returncode == 2 and said in done.stderr, arguments
        assert len(done.stderr.splitlines()) == 1
    assert not any(tmp_path.iterdir())
