"""Marks of XLSX and ODS sheets, from one pass of a streaming parser over their XML; DTDs were refused before."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import IO
from xml.parsers import expat

from thidua.intake.marks import DAY_AND_TIME, BookMarks, Cell, Marks, cell_at, shows_day_and_time
from thidua.limits import MAX_ROWS

Attributes = Mapping[str, str]

_WORKBOOK = "xl/workbook.xml"
_STYLES = "xl/styles.xml"
_CONTENT = "content.xml"
_CHUNK = 1 << 20
# Sheets without formulas and errors, which are most, need no second look.
# A cell whose value is a whole number, after its formula if it has one.
_WHOLE_CELL = re.compile(
    rb"<(?:\w+:)?c\b([^>]*[^>/])>(?:<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>))?<(?:\w+:)?v>(\d+)(?:\.0*)?<"
)
_CELL_ATTRIBUTE = re.compile(rb"""\b([rst])\s*=\s*["']([^"']*)["']""")
_WORTH_A_LOOK = re.compile(rb"""<(\w+:)?f[ />]|\bt\s*=\s*["']e["']""")


def _parse(
    stream: IO[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Calls back with local names, whatever prefix the writer chose."""
    local: dict[str, str] = {}

    def name_of(name: str) -> str:
        found = local.get(name)
        if found is None:
            found = local[name] = name.rpartition(":")[2]
        return found

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name_of(name), attributes)
    if end:
        parser.EndElementHandler = lambda name: end(name_of(name))
    if text:
        parser.CharacterDataHandler = text
    while chunk := stream.read(_CHUNK):
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _attribute(attributes: Attributes, local_name: str) -> str:
    """An attribute by its local name: `r:id` for `id`."""
    for name, value in attributes.items():
        if name.rpartition(":")[2] == local_name:
            return value
    return ""


def xlsx_marks(package: zipfile.ZipFile) -> BookMarks:
    marks = BookMarks()
    if _WORKBOOK not in package.namelist():
        return marks
    sheets: list[tuple[str, str]] = []
    asks_for_calculation = False

    def in_workbook(name: str, attributes: Attributes) -> None:
        nonlocal asks_for_calculation
        if name == "sheet":
            sheets.append((attributes.get("name", ""), _attribute(attributes, "id")))
        elif name == "workbookPr":
            marks.is_1904 = attributes.get("date1904") in ("1", "true")
        elif name == "calcPr":
            asks_for_calculation = attributes.get("fullCalcOnLoad") in ("1", "true")

    with package.open(_WORKBOOK) as stream:
        _parse(stream, in_workbook)
    paths = relations_of(package, "xl/_rels/workbook.xml.rels")
    timed = _styles_of_day_and_time(package)
    for name, relation in sheets:
        path = paths.get(relation)
        if path not in package.namelist():
            continue
        if _is_worth_a_look(package, path):
            with package.open(path) as stream:
                marks.sheets[name] = _xlsx_sheet(stream, asks_for_calculation=asks_for_calculation)
        if timed:
            with package.open(path) as stream:
                marks.sheets.setdefault(name, Marks()).midnights = _midnights(stream, timed)
    return marks


def _styles_of_day_and_time(package: zipfile.ZipFile) -> set[bytes]:
    """The numbers of the cell styles that show a day with its time."""
    formats = {str(DAY_AND_TIME)}
    styles: set[bytes] = set()
    count = 0
    is_of_cells = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal count, is_of_cells
        if name == "numFmt" and shows_day_and_time(attributes.get("formatCode", "")):
            formats.add(attributes.get("numFmtId", ""))
        elif name == "cellXfs":
            is_of_cells = True
        elif name == "xf" and is_of_cells:
            if attributes.get("numFmtId") in formats:
                styles.add(str(count).encode())
            count += 1

    def end(name: str) -> None:
        nonlocal is_of_cells
        is_of_cells = is_of_cells and name != "cellXfs"

    if _STYLES in package.namelist():
        with package.open(_STYLES) as stream:
            _parse(stream, start, end)
    return styles


def _midnights(stream: IO[bytes], timed: set[bytes]) -> set[Cell]:
    """Found by a pattern: a list of persons has millions of cells, and a parser calls back for each. A cell without an
    address is left as a day.
    """
    found: set[Cell] = set()
    rest = b""
    while chunk := stream.read(_CHUNK):
        text = rest + chunk
        end = max(text.rfind(b"</c>"), text.rfind(b":c>"))
        for match in _WHOLE_CELL.finditer(text, 0, max(end, 0)):
            attributes = dict(_CELL_ATTRIBUTE.findall(match[1]))
            if attributes.get(b"s") in timed and attributes.get(b"t", b"n") == b"n":
                cell = cell_at(attributes.get(b"r", b"").decode("ascii", "replace"))
                if cell:
                    found.add(cell)
        rest = text[end:] if end > 0 else text[-_CHUNK:]  # no cell is as long
    return found


def _is_worth_a_look(package: zipfile.ZipFile, path: str) -> bool:
    tail = b""
    with package.open(path) as stream:
        while chunk := stream.read(_CHUNK):
            if _WORTH_A_LOOK.search(tail + chunk):
                return True
            tail = chunk[-100:]
    return False


def relations_of(package: zipfile.ZipFile, part: str) -> dict[str, str]:
    """id -> path of what a workbook refers to."""
    paths: dict[str, str] = {}

    def in_relations(name: str, attributes: Attributes) -> None:
        if name == "Relationship":
            target = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))
            paths[attributes.get("Id", "")] = target.lstrip("/")

    if part in package.namelist():
        with package.open(part) as stream:
            _parse(stream, in_relations)
    return paths


def _xlsx_sheet(stream: IO[bytes], *, asks_for_calculation: bool) -> Marks:
    """A library that writes formulas cannot calculate: it leaves their value out, or writes 0 and asks Excel to
    calculate when it opens the file. Neither is a figure that anybody saw.
    """
    marks = Marks()
    row = column = -1
    kind = ""
    has_formula = is_value = False
    value: list[str] = []

    def start(name: str, attributes: Attributes) -> None:
        nonlocal row, column, kind, has_formula, is_value
        if name == "c":
            kind = attributes.get("t", "")
            cell = cell_at(attributes["r"]) if "r" in attributes else None
            row, column = cell or (row, column + 1)
            has_formula = False
            value.clear()
        elif name == "f":
            has_formula = True
        elif name == "v":
            is_value = kind == "e" or has_formula
        elif name == "row":
            given = attributes.get("r", "")
            row = int(given) - 1 if given.isdigit() else row + 1
            column = -1

    def end(name: str) -> None:
        nonlocal is_value
        if name == "v":
            is_value = False
        elif name == "c":
            text = "".join(value).strip()
            if kind == "e":
                marks.errors[row, column] = text or "#N/A"
            elif (
                has_formula
                and kind not in ("str", "s", "inlineStr")
                and (not text or (asks_for_calculation and text == "0"))
            ):
                marks.uncalculated.append((row, column))

    def text_found(text: str) -> None:
        if is_value:
            value.append(text)

    _parse(stream, start, end, text_found)
    return marks


def ods_marks(package: zipfile.ZipFile) -> BookMarks:
    marks = BookMarks()
    if _CONTENT in package.namelist():
        with package.open(_CONTENT) as stream:
            scan = _OdsScan(marks)
            _parse(stream, scan.start, scan.end, scan.text)
    return marks


class _OdsScan:
    """Rows and cells of ODS have no addresses: they are counted, with their repetitions."""

    def __init__(self, book: BookMarks) -> None:
        self.book = book
        self.sheet = Marks(merges=[])
        self.row = self.column = 0
        self.is_error = self.has_formula = self.has_value = False
        self.words: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "table":
            self.sheet = self.book.sheets.setdefault(_attribute(attributes, "name"), Marks(merges=[]))
            self.row = 0
        elif name == "table-row":
            self.column = 0
            self.row_repeats = _repeats(attributes, "number-rows-repeated")
        elif name in ("table-cell", "covered-table-cell"):
            self.column_repeats = _repeats(attributes, "number-columns-repeated")
            self.has_formula = bool(_attribute(attributes, "formula"))
            kinds = {value for key, value in attributes.items() if key.endswith(":value-type")}
            self.is_error = "error" in kinds
            self.has_value = bool(kinds)
            self.words = []
            rows, columns = _repeats(attributes, "number-rows-spanned"), _repeats(attributes, "number-columns-spanned")
            if (rows > 1 or columns > 1) and self.sheet.merges is not None:
                self.sheet.merges.append((self.row, self.column, self.row + rows - 1, self.column + columns - 1))

    def end(self, name: str) -> None:
        if name in ("table-cell", "covered-table-cell"):
            cell = (self.row, self.column)
            if self.is_error:
                self.sheet.errors[cell] = "".join(self.words).strip() or "#N/A"
            elif self.has_formula and not self.has_value and not "".join(self.words).strip():
                self.sheet.uncalculated.append(cell)
            self.column += self.column_repeats
            self.is_error = False
        elif name == "table-row":
            self.row += self.row_repeats

    def text(self, text: str) -> None:
        if self.is_error or self.has_formula:
            self.words.append(text)


def _repeats(attributes: Attributes, local_name: str) -> int:
    given = _attribute(attributes, local_name)
    return min(max(int(given), 1), MAX_ROWS) if given.isdigit() and len(given) < 10 else 1
