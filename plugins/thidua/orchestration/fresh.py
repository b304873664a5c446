"""Where state lies, for each step of a DAG and each command, on whatever host it runs."""

from __future__ import annotations

from thidua import settings
from thidua.lake.writing import is_shared, refresh
from thidua.settings import Home

_SECONDS = 2


def home() -> Home:
    """The home; where several hosts share a store, with what the others committed and published until now."""
    found = settings.home()
    if is_shared(found):
        from thidua.warehouse.publish import follow

        if refresh(found, at_most_every=_SECONDS):
            follow(found)
    return found
