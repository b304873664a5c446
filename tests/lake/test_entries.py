"""Entries prove themselves: whatever byte is changed, added or lost is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thidua.errors import NotWell
from thidua.lake.entries import Changed, canonical, read_entry, seal, write_entry
from thidua.settings import Home

CONTENT = {"campaign_id": "c", "user": "Nguyễn Thị An", "number": 3, "list": [{"b": 1, "a": None}]}


def test_an_entry_is_written_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = home.lake / "entry.json"
    entry = write_entry(home, path, CONTENT)
    assert read_entry(path) == entry == write_entry(home, path, CONTENT)
    with pytest.raises(NotWell, match="something else already"):
        write_entry(home, path, {**CONTENT, "number": 4})
    assert read_entry(path) == entry


def test_equal_contents_have_equal_bytes() -> None:
    turned = dict(reversed(CONTENT.items()))
    assert canonical(turned) == canonical(CONTENT) and seal(turned) == seal(CONTENT)


@given(st.data())
def test_any_changed_byte_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    home = Home(tmp_path_factory.mktemp("entry"))
    path = home.lake / "entry.json"
    write_entry(home, path, CONTENT)
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    changed = data.draw(
        st.sampled_from(
            [
                content[:place] + bytes([other]) + content[place + 1 :],
                content[:place] + content[place + 1 :],
                content[:place] + b" " + content[place:],
                b"",
                b"[]",
            ]
        )
    )
    path.write_bytes(changed)
    with pytest.raises(Changed):
        read_entry(path)
