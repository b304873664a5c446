"""Person numbers become pseudonyms under a key that only its owner reads."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from thidua.intake.personal import canonical_number, key_path, load_key, pseudonyms
from thidua.settings import Home


def test_the_key_is_made_once_and_closed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert load_key(home) == load_key(home) and len(load_key(home)) == 32
    assert key_path(home).stat().st_mode & 0o777 == 0o600


def test_a_number_that_lost_its_zeros_is_the_same_person() -> None:
    assert canonical_number("0068 123 456") == canonical_number("68123456")
    one, two, blank, other = pseudonyms(pa.array(["0068123456", "68123456", "", "68123457"]), b"key").to_pylist()
    assert one == two != other and blank == ""
    assert "68123456" not in one
