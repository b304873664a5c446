"""Writes a minimal ODS as LibreOffice does: no library of the lock can."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from xml.sax.saxutils import escape, quoteattr

from tests.intake.sheets import Cell, Error, Formula, Sheet, corners

TYPE = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{TYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" \
xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" \
xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" \
xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" office:version="1.2">
<office:automatic-styles>
<style:style style:name="shown" style:family="table"><style:table-properties table:display="true"/></style:style>
<style:style style:name="hidden" style:family="table"><style:table-properties table:display="false"/></style:style>
</office:automatic-styles><office:body><office:spreadsheet>"""
FOOT = "</office:spreadsheet></office:body></office:document-content>"


def _content(cell: Cell) -> tuple[str, str]:
    """(attributes, text) of a cell."""
    if isinstance(cell, Error):
        return ' table:formula="of:=1/0" office:value-type="string" calcext:value-type="error"', cell.text
    if isinstance(cell, Formula):
        formula = f" table:formula={quoteattr('of:' + cell.text)}"
        if cell.value is None:
            return formula, ""
        attributes, text = _content(cell.value)
        return formula + attributes, text
    if isinstance(cell, str):
        return ' office:value-type="string" calcext:value-type="string"', cell
    if isinstance(cell, date):
        kind = f' office:value-type="date" office:date-value="{cell.isoformat()}"'
        return kind, cell.strftime("%d/%m/%Y %H:%M:%S" if isinstance(cell, datetime) else "%d/%m/%Y")
    return f' office:value-type="float" office:value="{cell}"', str(cell)


def _row(sheet: Sheet, line: int, row: Sequence[Cell]) -> str:
    merges = {corners(merge)[:2]: corners(merge) for merge in sheet.merges}
    covered = {
        (row, column)
        for top, left, bottom, right in merges.values()
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    } - set(merges)
    cells = []
    for column, cell in enumerate(row):
        name = "table:covered-table-cell" if (line, column) in covered else "table:table-cell"
        span = ""
        if (line, column) in merges:
            top, left, bottom, right = merges[line, column]
            span = f' table:number-columns-spanned="{right - left + 1}" table:number-rows-spanned="{bottom - top + 1}"'
        if cell is None:
            cells.append(f"<{name}{span}/>")
        else:
            attributes, text = _content(cell)
            cells.append(f"<{name}{span}{attributes}><text:p>{escape(text)}</text:p></{name}>")
    hidden = ' table:visibility="collapse"' if line + 1 in sheet.hidden_rows else ""
    # LibreOffice goes on to the last column and the last row of the sheet in one repeated cell each.
    cells.append(f'<table:table-cell table:number-columns-repeated="{16384 - len(row)}"/>')
    return f"<table:table-row{hidden}>{''.join(cells)}</table:table-row>"


def ods(sheets: Sequence[Sheet]) -> bytes:
    tables = []
    for sheet in sheets:
        rows = "".join(_row(sheet, line, row) for line, row in enumerate(sheet.rows))
        rest = f'<table:table-row table:number-rows-repeated="{1048576 - len(sheet.rows)}"><table:table-cell \
table:number-columns-repeated="16384"/></table:table-row>'
        style = "hidden" if sheet.is_hidden else "shown"
        tables.append(
            f'<table:table table:name={quoteattr(sheet.name)} table:style-name="{style}">{rows}{rest}</table:table>'
        )
    return package(HEAD + "".join(tables) + FOOT)


def package(content: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("mimetype"), TYPE)
        file.writestr(zipfile.ZipInfo("content.xml"), content, zipfile.ZIP_DEFLATED)
        file.writestr(zipfile.ZipInfo("META-INF/manifest.xml"), MANIFEST, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
