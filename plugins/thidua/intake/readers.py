"""Which reader reads which file. Part of a file's contract is its extension; the content must agree with it."""

from __future__ import annotations

from pathlib import PurePosixPath

import pyarrow.compute as pc

from thidua.intake.delimited import read_delimited
from thidua.intake.faults import FileFault
from thidua.intake.grid import Grid, nonblank
from thidua.intake.workbooks import read_workbook

TEXTS = {".csv", ".txt"}
WORKBOOKS = {".xlsx", ".xls"}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_file(file_name: str, content: bytes) -> list[Grid]:
    """The grids of a file that hold text. Raises FileFault when there is none to read."""
    suffix = PurePosixPath(file_name).suffix.lower()
    if suffix not in TEXTS | WORKBOOKS:
        raise FileFault("unknown_format", value=suffix or file_name)
    if not content.strip(b"\0 \t\r\n"):
        raise FileFault("empty_file")
    # Machines write workbooks under the name of a text file and the other way round; the content decides.
    if suffix in WORKBOOKS or content.startswith((_ZIP, _OLE)):
        if not content.startswith((_ZIP, _OLE)) and _looks_like_text(content):
            grids = [read_delimited(content)]
        else:
            grids = read_workbook(content)
    else:
        grids = [read_delimited(content)]
    filled = [grid for grid in grids if grid.height and pc.any(nonblank(grid.columns, grid.height)).as_py()]
    if not filled:
        raise FileFault("empty_file")
    return filled


def _looks_like_text(content: bytes) -> bool:
    head = content[:4096]
    return b"\0" not in head and not head.lstrip().startswith(b"<")
