"""Person numbers become pseudonyms under a key that only its owner reads."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thidua.intake.personal import (
    CANONICAL_SQL,
    PSEUDONYM_SQL,
    canonical_number,
    hmac_pads,
    key_path,
    load_key,
    pseudonym,
)
from thidua.settings import Home


def in_sql(text: str, key: bytes) -> tuple[str, str]:
    """(canonical number, pseudonym) as intake computes them."""
    canonical = CANONICAL_SQL.format(text="$text")
    query = f"select {canonical}, {PSEUDONYM_SQL.format(canonical=canonical)}"
    found = duckdb.execute(query, {"text": text, **hmac_pads(key)}).fetchone()
    assert found
    return found[0], found[1]


def test_the_key_is_made_once_and_closed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert load_key(home) == load_key(home) and len(load_key(home)) == 32
    assert key_path(home).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("other", ["68 123 456", "0068.123.456", "0068123456\n", "68\u00a0123\u202f456", "068-123-456"])
def test_a_number_that_lost_its_zeros_is_the_same_person(other: str) -> None:
    assert canonical_number(other) == canonical_number("0068123456") == "68123456"
    assert in_sql(other, b"key") == in_sql("0068123456", b"key")
    assert in_sql(other, b"key") != in_sql("0068123457", b"key")
    assert in_sql(other, b"key")[1] != in_sql(other, b"another key")[1]


@given(text=st.text(alphabet="0123456789abz .-", max_size=20), key=st.binary(min_size=1, max_size=100))
def test_sql_makes_the_pseudonyms_of_rfc_2104(text: str, key: bytes) -> None:
    canonical, made = in_sql(text, key)
    assert canonical == canonical_number(text)
    assert made == pseudonym(canonical, key)
    assert len(made) == 32
