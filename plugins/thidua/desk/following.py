"""Where several hosts share a store: pages of this one show what was done on another some seconds ago."""

from __future__ import annotations

import logging
import threading
import time

from fastapi import Request

from thidua.desk.desk import desk_of
from thidua.errors import ThiduaError
from thidua.lake.writing import is_shared, refresh
from thidua.settings import Home

log = logging.getLogger(__name__)

_SECONDS = 5
_following = threading.Lock()
_looking = threading.Lock()


def fresh(request: Request) -> None:
    """Before each page. While the store does not answer, pages go on showing what is known here; whoever decides is told."""
    home = desk_of(request).home
    if not is_shared(home):
        return
    if _looking.acquire(blocking=False):  # one page looks; where the store is slow to answer, none waits behind it
        try:
            refresh(home, at_most_every=_SECONDS, wait=False)
        except ThiduaError as error:
            log.warning("%s", error.message)
        finally:
            _looking.release()
    if _following.acquire(
        blocking=False
    ):  # to publish here what is published there takes seconds: no page waits for it
        threading.Thread(target=_follow, args=[home], daemon=True).start()


def _follow(home: Home) -> None:
    from thidua.warehouse.publish import follow

    try:
        follow(home)
        time.sleep(_SECONDS)
    except Exception:
        log.exception("the pages go on showing what this host has published")
    finally:
        _following.release()
