"""What a document says, apart from how a Word file or a workbook writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "center", "right"]
Cell = str | int | None  # None: nothing is known, shown as a dash; '' stays empty


@dataclass(frozen=True)
class Column:
    title: str
    width: int  # mm; the columns of a table fill the page together
    align: Align = "left"


@dataclass(frozen=True)
class Table:
    """`name` is the sheet's in a workbook; a total is a row whose empty cells join the one before them."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None


@dataclass(frozen=True)
class Paragraph:
    text: str
    kind: Literal["text", "heading", "note"] = "text"


Block = Table | Paragraph


@dataclass(frozen=True)
class Letterhead:
    """What stands on each document of a closing."""

    issued_by: str
    subtitles: tuple[str, str]
    is_draft: bool
    mark: str  # on every page: that the figures are provisional, or which official version they are


@dataclass(frozen=True)
class Document:
    slug: str
    title: str
    blocks: Sequence[Block]
    is_landscape: bool = False
    has_sheets: bool = False
    signers: Sequence[str] = ("NGƯỜI LẬP BIỂU", "THỦ TRƯỞNG CƠ QUAN")
    folder: str = ""
    is_annex: bool = True  # of a decision; minutes and statements stand for themselves

    @property
    def tables(self) -> list[Table]:
        return [block for block in self.blocks if isinstance(block, Table)]
