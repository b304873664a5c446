"""Imports a library without others that it takes along wherever they happen to be installed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder


class _Hiding(MetaPathFinder):
    """Says that some packages are not there, to one thread: who imports them in another one meanwhile gets them."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names, self._thread = names, threading.get_ident()

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named '{name}' for what is being imported", name=name)


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """For what this thread imports meanwhile, these packages are not installed; those that are imported already stay."""
    hiding = _Hiding(frozenset(names))
    sys.meta_path.insert(0, hiding)
    try:
        yield
    finally:
        sys.meta_path.remove(hiding)
