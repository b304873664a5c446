"""Text in the encoding of a font, or garbled, is returned; text that is well, in whatever language, is read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from thidua.intake.encodings import to_utf8
from thidua.intake.faults import FileFault
from thidua.intake.fonts import GARBLED_1258, GARBLED_UTF8, TCVN3, VNI, find_foreign_encoding
from thidua.intake.readers import read_file
from thidua.intake.syllables import is_syllable
from thidua.settings import campaigns_dir

from tests.intake.corpus import TEXTS, WORKBOOKS
from tests.intake.sheets import Sheet, rows_of
from tests.intake.wrong_encodings import to_cp1258, to_garbled, to_tcvn3, to_vni

WRONG: dict[str, tuple[Callable[[str], str], str]] = {
    TCVN3: (to_tcvn3, "font_encoded"),
    VNI: (to_vni, "font_encoded"),
    GARBLED_UTF8: (to_garbled, "garbled_text"),
}


def unit_names() -> dict[str, list[str]]:
    """campaign -> the names of its units, with their aliases."""
    names: dict[str, list[str]] = {}
    for path in sorted(campaigns_dir().glob("*/units.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                names.setdefault(path.parent.name, []).extend([row["name"], *(row.get("aliases") or "").split("|")])
    return {campaign: [name for name in found if name] for campaign, found in names.items()}


NAMES = unit_names()
ALL_NAMES = [name for names in NAMES.values() for name in names]


def found_in(texts: list[str]) -> str | None:
    found = find_foreign_encoding(enumerate(texts))
    return found[0] if found else None


def fault_of(name: str, content: bytes) -> FileFault:
    with pytest.raises(FileFault) as caught:
        read_file(name, content)
    return caught.value


def test_all_campaigns_have_names() -> None:
    assert len(NAMES) >= 5 and len(ALL_NAMES) > 140


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("§µ L¹t", TCVN3),
        ("Céng hoµ x· héi chñ nghÜa ViÖt Nam", TCVN3),
        ("§éc lËp - Tù do - H¹nh phóc", TCVN3),
        ("Ñaø Laït", VNI),
        ("COÄNG HOØA XAÕ HOÄI CHUÛ NGHÓA VIEÄT NAM", VNI),
        ("Ñoäc laäp - Töï do - Haïnh phuùc", VNI),
        ("Báº£o Lá»™c, Láº¡c DÆ°Æ¡ng", GARBLED_UTF8),
        ("B\ufffdo L\ufffdc, \ufffdà L\ufffdt", GARBLED_UTF8),
        ("Laòt Ðaòi Hýng", GARBLED_1258),
    ],
)
def test_what_everybody_has_seen(text: str, encoding: str) -> None:
    assert found_in([text]) == encoding


def test_the_writers_of_this_test_write_the_same() -> None:
    assert to_tcvn3("Độc lập - Tự do - Hạnh phúc") == "§éc lËp - Tù do - H¹nh phóc"
    assert to_vni("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM") == "COÄNG HOØA XAÕ HOÄI CHUÛ NGHÓA VIEÄT NAM"


@pytest.mark.parametrize("encoding", WRONG)
@pytest.mark.parametrize("campaign", NAMES)
def test_the_units_of_every_campaign_in_a_wrong_encoding(campaign: str, encoding: str) -> None:
    assert found_in([WRONG[encoding][0](name) for name in NAMES[campaign]]) == encoding


@pytest.mark.parametrize("campaign", NAMES)
def test_the_units_of_every_campaign_are_well(campaign: str) -> None:
    assert found_in(NAMES[campaign]) is None
    for name in NAMES[campaign]:
        assert found_in([name]) is None, name


@pytest.mark.parametrize(
    "text",
    [
        "Hélène François Noël Loïc Chloé Zoë Maïs thé fête Citroën déjà où île",
        "Müller Köln für Zürich Ångström Søren Muñoz São José Brontë naïve",
        "«An Giang» “tốt” – 50‰ 20°C 5µm m² ½ ¾ © ® § 5 ¶ · ¹ ²",
        "Y Thịnh Niê Ê Ban KSơr H'Hên Krông Nô Đắk Glong R'lấp Pleiku Êa H'leo Kbang Chư Păh Đạ Tẻh Đạ Huoai",
        "Ðà Nẵng Ðồng Nai Ðình Ðô",
        "giếng khuỷu ngoằn ngoèo quyết quỳ gì giặt nghiêng xoong thuở",
        "Total cumulative count 38.000 74,04% (12) -",
        "RÉSUMÉ: ĐƠN VỊ – SỐ LŨY KẾ",
    ],
)
def test_no_false_alarm(text: str) -> None:
    assert found_in([text]) is None
    assert found_in(text.split()) is None


def test_two_foreign_names_among_many_do_not_return_a_file() -> None:
    assert found_in([*ALL_NAMES, "Loïc", "Maï"]) is None


def test_two_cells_of_a_font_among_many_return_it() -> None:
    assert found_in([*ALL_NAMES, "§µ L¹t"]) == TCVN3
    assert found_in([*ALL_NAMES, "Ñaø Laït"]) == VNI


def test_one_cell_of_a_font_anywhere_in_a_long_file_returns_it() -> None:
    """Of a long file some rows are looked at in full; of the others what holds letters that Vietnamese has not."""
    rows = [f"{number};Đà Lạt;Nguyễn Văn Hà" for number in range(20_000)]
    assert read_file("a.csv", "\n".join(rows).encode())[0].height == 20_000
    for line, cell, encoding in ((7_331, "§µ L¹t", TCVN3), (19_998, "Ñaø Laït", VNI), (3, "LÃ¢m HÃ ", "UTF-8")):
        broken = [*rows[: line - 1], f"1;{cell};Nguyễn Văn Hà", *rows[line:]]
        fault = fault_of("a.csv", "\n".join(broken).encode())
        assert fault.values == {"value": encoding, "place": f"dòng / line {line}"}
    foreign = [*rows[:9_000], "1;Zoë;Noël", "2;Loïc;12 m² · 5°", *rows]
    assert read_file("a.csv", "\n".join(foreign).encode())[0].height == 29_002


SHEETS = [Sheet("Quý II", rows_of(["Đơn vị", "Ngày số liệu", "Lũy kế"], ["Đà Lạt", "30/06/2023", 5]))]


def in_encoding(sheets: list[Sheet], change: Callable[[str], str]) -> list[Sheet]:
    return [
        Sheet(sheet.name, [[change(cell) if isinstance(cell, str) else cell for cell in row] for row in sheet.rows])
        for sheet in sheets
    ]


@pytest.mark.parametrize("encoding", WRONG)
@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_inside_workbooks(suffix: str, encoding: str) -> None:
    change, rule_id = WRONG[encoding]
    fault = fault_of(f"a.{suffix}", WORKBOOKS[suffix](in_encoding(SHEETS, change)))
    assert (fault.rule_id, fault.value, fault.values["place"]) == (rule_id, encoding, "Quý II!A1")


@pytest.mark.parametrize("encoding", WRONG)
@pytest.mark.parametrize("suffix", ["comma.csv", "utf16.txt", "semicolon_bom.csv"])
def test_inside_unicode_text_files(suffix: str, encoding: str) -> None:
    change, rule_id = WRONG[encoding]
    fault = fault_of(suffix, TEXTS[suffix](in_encoding(SHEETS, change)))
    assert (fault.rule_id, fault.value, fault.values["place"]) == (rule_id, encoding, "dòng / line 1")


@pytest.mark.parametrize(("encoding", "codec"), [(TCVN3, "cp1252"), (VNI, "cp1252")])
@pytest.mark.parametrize("campaign", NAMES)
def test_text_files_of_old_machines(campaign: str, encoding: str, codec: str) -> None:
    text = "\n".join(f"{number},{name}" for number, name in enumerate(NAMES[campaign]))
    fault = fault_of("a.csv", WRONG[encoding][0](text).encode(codec))
    assert (fault.rule_id, fault.value) == ("font_encoded", encoding)
    assert "Unikey" in fault.message() and "\n" not in fault.message()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1258", "nfd"]
)
@pytest.mark.parametrize("campaign", NAMES)
def test_every_name_arrives_as_it_is_in_every_right_encoding(campaign: str, encoding: str) -> None:
    names = [name for name in NAMES[campaign] if "–" not in name or encoding != "cp1258"]
    rows: list[list[str | int]] = [[name, 5] for name in names]
    sheet = Sheet("a", [list(row) for row in rows])
    from tests.intake.sheets import text_file

    [grid] = read_file("a.csv", text_file(sheet, ";", encoding=encoding))
    assert grid.columns[0].to_pylist() == names
    assert grid.notes["encoding"] == ("utf-8" if encoding == "nfd" else encoding)


def test_western_text_stays_western() -> None:
    text = "Hélène;5\nFrançois;6\nJosé Muñoz;7\n"
    assert to_utf8(text.encode("cp1252")) == (text.encode(), "cp1252")


def test_windows_1258_of_one_word() -> None:
    assert to_utf8(to_cp1258("Đà Lạt;5\n")) == ("Đà Lạt;5\n".encode(), "cp1258")


@pytest.mark.parametrize(
    ("content", "rule_id", "told"),
    [
        ("Đơn vị,Lũy kế\nBảo Lộc,5\n".encode()[:-3], None, ""),
        ("Đơn vị,Lũy kế\nBảo Lộc".encode()[:-2], "broken_encoding", "dòng 2"),
        ("Đơn vị,Lũy kế\nBảo L".encode() + b"\xff" + "c,5\nĐà Lạt,7\n".encode(), "broken_encoding", "line 2"),
        ("Đơn vị,Lũy kế\nBảo Lộc,5".encode("utf-16")[:-1], "unreadable_file", "UTF-16"),
        ("Đơn vị,Lũy kế\nBảo\0Lộc,5".encode(), "unreadable_file", "NUL character in line 2"),
        (("Đơn vị,Lũy kế\n" * 10_000 + "Bảo\0Lộc,5").encode(), "unreadable_file", "NUL character in line 10001"),
        (bytes(range(1, 256)) * 40, "unreadable_file", "not a text file"),
        (b"\x81\x8d\x8f,\x90\x9d\n" * 3, "unreadable_file", "encoding is not known"),
    ],
)
def test_text_that_is_damaged(content: bytes, rule_id: str | None, told: str) -> None:
    if rule_id is None:
        assert read_file("a.csv", content)
        return
    fault = fault_of("a.csv", content)
    assert fault.rule_id == rule_id
    assert told in fault.message()


def test_syllables() -> None:
    text = "quốc quyển quý giếng gì nghĩa Thuỷ Thủy hòa hoà khuya nguyệt ương yêu uyên thuở Ý ở ấy xoong ẵm quạu"
    assert [word for word in text.split() if not is_syllable(word)] == []


@pytest.mark.parametrize(
    "word", ["Café", "Hélène", "Krông", "Laït", "tạch tạch", "hát̉", "cắng2", "bạp̣", "tòch", "ngĩt"]
)
def test_no_syllables(word: str) -> None:
    assert not is_syllable(word)


def test_the_place_is_that_of_the_sender(tmp_path: Path) -> None:
    lines = ["Đơn vị,Lũy kế"] + [f"{name},5" for name in ALL_NAMES] + ["§µ L¹t,5"]
    fault = fault_of("a.csv", "\n".join(lines).encode())
    assert fault.values["place"] == f"dòng / line {len(lines)}"
