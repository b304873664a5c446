"""Person numbers become pseudonyms under a key that only its owner reads."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thidua.intake import personal
from thidua.intake.personal import SEALED, canonical_number, key_path, load_key, pseudonym, pseudonymise
from thidua.settings import Home


def test_the_key_is_made_once_and_closed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert load_key(home) == load_key(home) and len(load_key(home)) == 32
    assert key_path(home).stat().st_mode & 0o777 == 0o600


def test_no_folder_with_persons_is_open_to_anybody_else(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.restricted.mkdir(parents=True, mode=0o755)  # as older versions left it
    assert home.restricted_folder("raw", "x") == home.lake / "restricted" / "raw" / "x"
    for folder in (home.restricted, home.restricted / "raw", home.restricted / "raw" / "x"):
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("other", ["68 123 456", "0068.123.456", "0068123456\n", "68\u00a0123\u202f456", "068-123-456"])
def test_a_number_that_lost_its_zeros_is_the_same_person(other: str) -> None:
    assert canonical_number(other) == canonical_number("0068123456") == "68123456"
    same, first, second = pseudonymise(pa.array([other, "0068123456", "0068123457"]), b"key").to_pylist()
    assert same == first != second
    assert first != pseudonymise(pa.array(["0068123456"]), b"another key").to_pylist()[0]


def test_what_is_no_number_is_left_to_be_told_of() -> None:
    cells = ["", "12AB", "1234", "0" * 12, "12345678901234", "Tổng cộng", "١٢٣٤٥٦", f"{SEALED}{'a' * 32}"]
    assert pseudonymise(pa.array(cells), b"key").to_pylist() == [*cells[:-1], "a" * 32]


def test_a_column_of_numbers_and_others_keeps_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personal, "_AT_ONCE", 3)
    cells = [
        text for number in range(1_000_000, 1_000_010) for text in (f"000{number}", "", f"{number} ", f"A{number}")
    ]
    cells = cells[1:]  # begins with what is no number
    expected = [
        SEALED + pseudonym(number, b"key") if (number := text.strip().lstrip("0")).isdigit() else text for text in cells
    ]
    assert pseudonymise(pa.array(cells), b"key").to_pylist() == expected
    # A slice of a longer column, and nothing but numbers.
    assert pseudonymise(pa.array(cells).slice(5, 20), b"key").to_pylist() == expected[5:25]
    assert pseudonymise(pa.array(cells[3::4]), b"key").to_pylist() == expected[3::4]


@given(digits=st.from_regex(r"0{0,3}[1-9][0-9]{4,12}", fullmatch=True), key=st.binary(min_size=1, max_size=100))
def test_it_is_the_hmac_of_the_standard_library(digits: str, key: bytes) -> None:
    (made,) = pseudonymise(pa.array([digits]), key).to_pylist()
    assert made == SEALED + pseudonym(digits.lstrip("0"), key)
