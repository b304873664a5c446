"""Clocks of hosts that share a store differ by seconds: what is in the lake was before whatever is done now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from thidua.clock import now_utc
from thidua.errors import ThiduaError
from thidua.lake.writing import is_shared
from thidua.settings import Home

# How far the clocks of hosts that share a store may be apart without a word.
CLOCKS_APART = timedelta(seconds=60)


def not_before(home: Home, at: datetime, known: Iterable[datetime]) -> datetime:
    """`at`, or where another host's clock is a little ahead, the latest instant that is known: with a store, nothing that
    was acknowledged is left out, and what comes later is not recorded earlier. A past that is asked for stays as it is.

    Raises ThiduaError where this host's own clock is behind by more.
    """
    if not is_shared(home):
        return at
    latest = max(known, default=at)
    if at < latest <= at + CLOCKS_APART:
        return latest
    if latest > at and latest > now_utc() + CLOCKS_APART:
        raise ThiduaError(
            f"đồng hồ chạy chậm / the lake has entries of {latest.isoformat()}, and this host's clock says "
            f"{now_utc().isoformat()}: set the clocks of all hosts right"
        )
    return at
