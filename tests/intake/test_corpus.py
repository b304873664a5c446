"""Every layout in every format says the same."""

from __future__ import annotations

import pytest

from tests.intake.conftest import Lake, Take
from tests.intake.corpus import FIGURES, files

FILES = files()


@pytest.fixture(scope="module")
def lake(take_many: Take) -> Lake:
    return take_many(FILES)


def test_there_are_many() -> None:
    assert len(FILES) > 150


@pytest.mark.parametrize("name", FILES)
def test_says_the_same(lake: Lake, name: str) -> None:
    one = lake.of(name)
    assert one.rules() == set()
    assert one.figures() == FIGURES
