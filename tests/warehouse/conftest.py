from __future__ import annotations

import pytest
from thidua.settings import repo_root


@pytest.fixture(scope="session")
def campaign_ids() -> list[str]:
    return sorted(path.parent.name for path in (repo_root() / "campaigns").glob("*/plan.yml"))
