"""Workbooks as grids, cell types turned into canonical text: whole numbers without separators, days as ISO."""

from __future__ import annotations

import io
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Any

from thidua.intake.faults import FileFault
from thidua.intake.grid import Grid, grid_of_rows


def cell_text(cell: Any) -> str:
    """Canonical text of a typed cell. A fraction never looks like a grouped thousand: 28.125 becomes 28.1250."""
    if isinstance(cell, str):
        return cell if cell.isascii() else unicodedata.normalize("NFC", cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if cell.is_integer():
            return str(int(cell))
        text = repr(cell)
        whole, _, fraction = text.partition(".")
        return f"{whole}.{fraction}0" if len(fraction) == 3 and "e" not in text else text
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)


def read_workbook(content: bytes) -> list[Grid]:
    """The visible worksheets that hold anything. Raises FileFault on a corrupt or protected workbook."""
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        grids = []
        for metadata in workbook.sheets_metadata:
            if metadata.typ != SheetTypeEnum.WorkSheet or metadata.visible != SheetVisibleEnum.Visible:
                continue
            rows = workbook.get_sheet_by_name(metadata.name).to_python(skip_empty_area=False)
            if rows:
                texts = [[cell if cell == "" else cell_text(cell) for cell in row] for row in rows]
                grids.append(grid_of_rows(metadata.name, texts, range(1, len(texts) + 1), {}))
        return grids
    except PasswordError as error:
        raise FileFault("unreadable_file", reason_vi="có mật khẩu", reason_en="it has a password") from error
    except (CalamineError, ValueError, OSError) as error:
        encrypted = content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" and b"E\0n\0c\0r\0y\0p\0t" in content
        if encrypted:
            raise FileFault("unreadable_file", reason_vi="có mật khẩu", reason_en="it has a password") from error
        raise FileFault(
            "unreadable_file",
            reason_vi="tệp hỏng hoặc không phải bảng tính",
            reason_en="it is damaged or is no workbook",
        ) from error
