"""Workbooks made to burst, to hang or to reach outside: each returned with one message, and nothing else disturbed."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from thidua.errors import ThiduaError
from thidua.intake import packages, sandbox, sheets
from thidua.intake.faults import FileFault
from thidua.intake.readers import read_file
from thidua.intake.workbook_process import messages_of
from thidua.intake.workbooks import read_workbook

from tests.intake import binary_excel, open_document
from tests.intake.corpus import WORKBOOKS
from tests.intake.old_excel import compound_file, workbook_stream, xls
from tests.intake.sheets import Sheet, repacked, xlsx

GOOD = [Sheet("S", [["Đơn vị", "Lũy kế"], ["Bảo Lộc", 5]])]
LONG = [Sheet("S", [["Đơn vị", "Lũy kế"], *([f"Đơn vị {number}", number] for number in range(500))])]
SHEET = "xl/worksheets/sheet1.xml"


def fault_of(name: str, content: bytes) -> FileFault:
    with pytest.raises(FileFault) as caught:
        read_file(name, content)
    message = caught.value.message()
    assert " / " in message and "\n" not in message
    # The process that met it serves the next one, or another does.
    assert read_file("good.xlsx", xlsx(GOOD))[0].height == 2
    return caught.value


def with_cell(place: str) -> bytes:
    cell = f'<row r="{place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}"><c r="{place}"><v>1</v></c></row></sheetData>'
    return repacked(xlsx(GOOD), {SHEET: lambda part: part.replace(b"</sheetData>", cell.encode())})


def test_a_stray_cell_in_the_last_place_of_a_sheet() -> None:
    """Seven kilobytes that ask for half a terabyte."""
    content = with_cell("XFD1048576")
    assert len(content) < 10_000
    fault = fault_of("a.xlsx", content)
    assert (fault.rule_id, fault.values) == ("too_large", {"value": "2000 MB RAM"})


def test_a_stray_cell_in_the_last_row_is_read() -> None:
    [grid] = read_file("a.xlsx", with_cell("B1048576"))
    assert grid.lines[-1].as_py() == 1_048_576 and grid.columns[1][-1].as_py() == "1"
    assert grid.height < 20


def test_a_stray_cell_in_the_last_column() -> None:
    fault = fault_of("a.xlsx", with_cell("XFD2"))
    assert (fault.rule_id, fault.values) == ("too_large", {"value": "S!XFD2"})


@pytest.mark.parametrize("place", ["ZZZZZZZ9999999", "XFE1", "A1048577", "AAAAAAAAAAAAAAAAAAA1"])
def test_cells_outside_every_sheet(place: str) -> None:
    fault = fault_of("a.xlsx", with_cell(place))
    assert fault.rule_id in ("too_large", "unreadable_file")


@pytest.mark.parametrize("dimension", ["A1:XFD1048576", "A1:ZZZZZZ99999999", "A1", "nonsense", ""])
def test_what_a_sheet_says_of_its_size_does_not_count(dimension: str) -> None:
    content = repacked(xlsx(GOOD), {SHEET: lambda part: part.replace(b'ref="A1:B2"', f'ref="{dimension}"'.encode())})
    try:
        [grid] = read_file("a.xlsx", content)
    except FileFault as fault:
        assert fault.rule_id == "unreadable_file"
    else:
        assert (grid.height, grid.width) == (2, 2)


def test_a_stray_cell_in_xls_and_xlsb() -> None:
    cell = struct.pack("<HHHHHd", 0x0203, 14, 65_535, 65_535, 0, 1.0)
    stream = workbook_stream(GOOD)
    old = compound_file(stream[:-4] + cell + stream[-4:])
    assert fault_of("a.xls", old).rule_id == "too_large"
    far = binary_excel.record(0, struct.pack("<IIHBBBI", 1_048_575, 0, 300, 0, 0, 0, 0))
    far += binary_excel.record(5, struct.pack("<IId", 16_383, 0, 1.0))
    end = binary_excel.record(146)
    new = repacked(binary_excel.xlsb(GOOD), {"xl/worksheets/sheet1.bin": lambda part: part.replace(end, far + end)})
    assert fault_of("a.xlsb", new).rule_id in ("too_large", "unreadable_file")


def test_a_cell_of_ods_that_repeats_itself_without_end() -> None:
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/>'
    rows = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    table = f'<table:table table:name="S" table:style-name="shown">{rows}</table:table>'
    fault = fault_of("a.ods", open_document.package(open_document.HEAD + table + open_document.FOOT))
    assert fault.rule_id in ("too_large", "unreadable_file")


# --- packages ---


def zipped(parts: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return stream.getvalue()


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A sheet of 60 MB that packs into 60 kB."""
    row = b"<row><c><v>1</v></c></row>"
    return repacked(xlsx(GOOD), {SHEET: lambda part: part.replace(b"</sheetData>", row * 2_400_000 + b"</sheetData>")})


@pytest.mark.parametrize("suffix", ["xlsx", "ods", "csv", "xlsb"])
def test_a_bomb(bomb: bytes, suffix: str) -> None:
    assert len(bomb) < 200_000
    fault = fault_of(f"a.{suffix}", bomb)
    assert fault.rule_id == "zip_bomb" and "MB" in fault.values["value"]


def test_a_bomb_that_lies_about_its_size(bomb: bytes) -> None:
    """The sizes are written twice, in front of each part and at the end of the file."""
    with zipfile.ZipFile(io.BytesIO(bomb)) as package:
        size = struct.pack("<I", package.getinfo(SHEET).file_size)
    assert bomb.count(size) >= 1
    fault = fault_of("a.xlsx", bomb.replace(size, struct.pack("<I", 1_000)))
    assert fault.rule_id == "unreadable_file"


def test_parts_without_number() -> None:
    fault = fault_of("a.xlsx", zipped({f"xl/{number}.xml": b"" for number in range(10_001)}, zipfile.ZIP_STORED))
    assert fault.rule_id == "zip_bomb"


LAUGHS = b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", SHEET, "xl/sharedStrings.xml", "xl/styles.xml", "[Content_Types].xml"]
)
def test_entities(part: str) -> None:
    def define(xml: bytes) -> bytes:
        return LAUGHS + xml.partition(b"?>")[2]

    fault = fault_of("a.xlsx", repacked(xlsx(GOOD), {part: define}))
    assert (fault.rule_id, fault.values["reason_en"]) == ("unsafe_workbook", "a DTD")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_entities_in_wide_letters(encoding: str) -> None:
    def define(xml: bytes) -> bytes:
        return (LAUGHS + xml.partition(b"?>")[2]).decode().encode(encoding)

    assert fault_of("a.xlsx", repacked(xlsx(GOOD), {SHEET: define})).rule_id == "unsafe_workbook"


def test_a_dtd_across_two_pieces_of_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    content = repacked(xlsx(GOOD), {SHEET: lambda xml: b" " * 45 + LAUGHS + xml})
    for size in range(40, 60):
        monkeypatch.setattr(packages, "_CHUNK", size)
        with pytest.raises(FileFault, match="unsafe_workbook"):
            packages.open_package(content)


def test_entities_of_ods_and_the_old_list_of_parts() -> None:
    content = WORKBOOKS["ods"](GOOD)
    fault = fault_of("a.ods", repacked(content, {"content.xml": lambda xml: LAUGHS + xml.partition(b"?>")[2]}))
    assert fault.rule_id == "unsafe_workbook"
    manifest = b'<?xml version="1.0"?><!DOCTYPE manifest:manifest PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN" "x">'
    old = repacked(content, {"META-INF/manifest.xml": lambda xml: manifest + xml.partition(b"?>")[2]})
    assert read_file("a.ods", old)[0].height == 2


def test_an_entity_from_outside_is_never_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    doctype = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'.encode()
    content = repacked(
        xlsx(GOOD), {"xl/sharedStrings.xml": lambda xml: doctype + xml.replace("Lũy kế".encode(), b"&x;")}
    )
    assert fault_of("a.xlsx", content).rule_id == "unsafe_workbook"


@pytest.mark.parametrize("name", ["../../evil.xml", "xl/../../../evil.xml", "..\\evil.xml", "xl/worksheets/.."])
def test_paths_that_lead_out(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fault = fault_of("a.xlsx", repacked(xlsx(GOOD), {}, {name: b"<x/>"}))
    assert (fault.rule_id, fault.values["reason_en"]) == ("unsafe_workbook", "a path that leads out of the file")
    assert list(tmp_path.parent.rglob("evil.xml")) == []


def test_sheets_that_point_outside_the_package(tmp_path: Path) -> None:
    relations = "xl/_rels/workbook.xml.rels"
    content = repacked(
        xlsx(GOOD), {relations: lambda xml: xml.replace(b"worksheets/sheet1.xml", b"../../../../etc/passwd")}
    )
    assert fault_of("a.xlsx", content).rule_id in ("unreadable_file", "empty_file")


def test_nested_elements_without_end() -> None:
    deep = b"<f>" * 200_000
    content = repacked(xlsx(GOOD), {SHEET: lambda xml: xml.replace(b"</sheetData>", deep + b"</sheetData>")})
    assert fault_of("a.xlsx", content).rule_id == "unreadable_file"


def test_a_password() -> None:
    encrypted = compound_file(b"x" * 5_000, "EncryptedPackage")
    fault = fault_of("a.xlsx", encrypted)
    assert fault.values["reason_en"] == "it has a password"


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_every_place_to_cut_a_workbook(suffix: str) -> None:
    content = WORKBOOKS[suffix](LONG)
    for size in range(10, len(content) - 512, len(content) // 25):  # the last sector of XLS may be padding
        with pytest.raises(FileFault) as caught:
            read_file(f"a.{suffix}", content[:size])
        assert caught.value.rule_id in ("unreadable_file", "empty_file", "too_large"), size


def test_an_xls_whose_sectors_run_in_a_ring() -> None:
    content = bytearray(xls(LONG))
    content[512 + 4 * 9 : 512 + 4 * 10] = struct.pack("<I", 9)  # a sector of the workbook follows itself
    assert fault_of("a.xls", bytes(content)).rule_id in ("unreadable_file", "empty_file", "too_large")


# --- limits ---


def test_a_cell_longer_than_a_cell_can_be() -> None:
    content = WORKBOOKS["ods"]([Sheet("S", [["a", "x" * 32_768]])])
    fault = fault_of("a.ods", content)
    assert (fault.rule_id, fault.values) == ("too_large", {"value": "S!1:1"})


def test_a_long_text_that_many_cells_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in the file once, and would fill the memory of whoever reads it."""
    content = repacked(
        xlsx([Sheet("S", [["x" * 32_000]])]),
        {SHEET: lambda part: part.replace(b"<v>0</v></c>", b"<v>0</v></c>" + b'<c t="s"><v>0</v></c>' * 200)},
    )
    monkeypatch.setattr(sheets, "MAX_TEXT_CHARACTERS", 5_000_000)
    assert len(content) < 20_000
    fault = list(messages_of(content))[-1]
    assert fault == {"fault": "too_large", "values": {"value": "S!1:1: 5000000 ký tự / characters"}}


def test_more_merged_cells_than_a_sheet_has(monkeypatch: pytest.MonkeyPatch) -> None:
    content = xlsx([Sheet("S", [["a"], [None], [None], [None]], ("A1:A2", "A3:A4"))])
    monkeypatch.setattr(sheets, "MAX_MERGES", 1)
    assert list(messages_of(content))[-1]["values"] == {"value": "S: 2 ô gộp / merged cells"}


def test_a_workbook_larger_than_a_workbook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_WORKBOOK_BYTES", 1_000)
    [message] = messages_of(xlsx(GOOD))
    assert message["fault"] == "too_large"


def test_more_rows_than_a_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 1)
    assert list(messages_of(xlsx(GOOD)))[-1] == {"fault": "too_large", "values": {"value": "S: 2 dòng / rows"}}


# --- the process ---


def instead_of_it(monkeypatch: pytest.MonkeyPatch, program: str) -> list[sandbox._Process]:
    """Another program in the place of the process. Returns the processes that wait for files, none yet."""
    real = subprocess.Popen

    def start(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        return real([command[0], "-c", f"import os, sys, time; {program}"], **options)

    idle: list[sandbox._Process] = []
    monkeypatch.setattr(sandbox, "_idle", idle)
    monkeypatch.setattr(sandbox.subprocess, "Popen", start)
    return idle


READY = "sys.stdout.buffer.write(bytes(8)); sys.stdout.flush(); sys.stdin.buffer.read(8); "


def test_a_reader_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = instead_of_it(monkeypatch, READY + "time.sleep(600)")
    with pytest.raises(FileFault) as caught:
        list(sandbox.open_workbook(b"x", seconds=0.2))
    assert (caught.value.rule_id, caught.value.values) == ("too_large", {"value": "0 s"})
    assert idle == []


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(1)", "sys.stdout.buffer.write(b'x'); sys.stdout.flush()"])
def test_a_reader_that_dies_of_a_file(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    idle = instead_of_it(monkeypatch, READY + end)
    with pytest.raises(FileFault) as caught:
        read_workbook(b"x")
    assert caught.value.values == {"value": "2000 MB RAM"}
    assert idle == []


def test_a_reader_that_somebody_else_killed_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    instead_of_it(monkeypatch, READY + "os.kill(os.getpid(), 9)")
    with pytest.raises(ThiduaError, match="was killed; free memory"):
        read_workbook(b"x")


def test_a_reader_that_does_not_start_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    instead_of_it(monkeypatch, "sys.exit(1)")
    with pytest.raises(ThiduaError, match="does not start"):
        read_workbook(b"x")


def test_a_reader_that_died_while_it_waited_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    idle: list[sandbox._Process] = []
    monkeypatch.setattr(sandbox, "_idle", idle)
    assert read_workbook(xlsx(GOOD))
    [process] = idle
    os.kill(process._popen.pid, 9)
    process._popen.wait()
    assert read_workbook(xlsx(GOOD))
    assert [other._popen.pid for other in idle] != [process._popen.pid]


def test_one_process_serves_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    idle: list[sandbox._Process] = []
    monkeypatch.setattr(sandbox, "_idle", idle)
    for suffix, write in WORKBOOKS.items():
        assert read_file(f"a.{suffix}", write(GOOD))
    with pytest.raises(FileFault):
        read_workbook(b"PK\x03\x04")
    assert len(idle) == 1


def test_a_child_after_a_fork_starts_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_workbook(xlsx(GOOD)) and sandbox._idle
    child = os.fork()
    if child == 0:
        os._exit(0 if sandbox._idle == [] and read_workbook(xlsx(GOOD)) else 1)
    until = time.monotonic() + 300
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.05)
    pytest.fail("the child hangs")


def test_the_process_ends_with_its_stdin() -> None:
    process = sandbox._Process()
    assert process._popen.stdin is not None
    process._popen.stdin.close()
    assert process._popen.wait(timeout=30) == 0
