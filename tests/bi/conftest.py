from __future__ import annotations

import pytest
from thidua.settings import Home

from tests.bi.samples import build


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The samples of all campaigns, published; for `make test-bi` alone, since they take a minute."""
    home = Home(tmp_path_factory.mktemp("bi-home"))
    build(home)
    return home
