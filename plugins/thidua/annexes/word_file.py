"""Writes a document as .docx in the form of Nghị định 30/2020/NĐ-CP: A4, Times New Roman, motto beside the body that
issues, number and date left to fill, header rows repeated, signatures, page numbers from the second page on."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_ALIGN_VERTICAL, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from thidua.annexes.blocks import Align, Block, Cell, Document, Letterhead, Table
from thidua.reports.served import dotted
from thidua.slips.safe import without_controls

MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
NUMBER, DATE = "Số: ........../..............", "..................., ngày ...... tháng ...... năm 20....."
LEFT, RIGHT, TOP = 30, 15, 20  # mm; Phụ lục I of the decree allows 30 to 35, 15 to 20, 20 to 25
LONG, SHORT = 297, 210
FONT, TEXT, TABLE_TEXT = "Times New Roman", 14, 12
_STAMP = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed stamp, so that bytes repeat
_ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}
_DRAFT_COLOUR = RGBColor(0xC0, 0x00, 0x00)


def write_docx(document: Document, head: Letterhead) -> bytes:
    """The same document gives the same bytes."""
    file = docx.Document()
    _set_styles(file)
    width = _set_page(file, document.is_landscape, head)
    _letterhead(file, head, width)
    _title(file, document, head)
    for block in document.blocks:
        _block(file, block, width)
    _signatures(file, document.signers, width)
    return _fixed(file)


def cell_text(value: Cell) -> str:
    """13087 as 13.087, a dash where nothing is known."""
    return value if isinstance(value, str) else dotted(value)


def _set_styles(file: Any) -> None:
    style = file.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(TEXT)
    for script in ("w:eastAsia", "w:cs", "w:hAnsi"):
        style.element.rPr.rFonts.set(qn(script), FONT)
    style.paragraph_format.space_after, style.paragraph_format.space_before = Pt(0), Pt(0)
    properties = file.core_properties
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = _STAMP
    properties.revision = 1


def _set_page(file: Any, is_landscape: bool, head: Letterhead) -> int:
    """Page, margins, marks and numbers; the width between the margins in mm."""
    section = file.sections[0]
    wide, high = (LONG, SHORT) if is_landscape else (SHORT, LONG)
    section.orientation = WD_ORIENT.LANDSCAPE if is_landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(wide), Mm(high)
    section.left_margin, section.right_margin = Mm(LEFT), Mm(RIGHT)
    section.top_margin = section.bottom_margin = Mm(TOP)
    section.header_distance = section.footer_distance = Mm(9)
    section.different_first_page_header_footer = True  # the first page carries no number
    number = section.header.paragraphs[0]
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _page_number(number.add_run())
    for footer in (section.footer, section.first_page_footer):
        mark = footer.paragraphs[0]
        mark.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = mark.add_run(without_controls(head.mark))
        run.font.size, run.bold = Pt(11), head.is_draft
        if head.is_draft:
            run.font.color.rgb = _DRAFT_COLOUR
    return wide - LEFT - RIGHT


def _page_number(run: Any) -> None:
    for kind, text in (("begin", None), (None, "PAGE"), ("separate", None), ("text", "2"), ("end", None)):
        if kind == "text":
            run.add_text(text)
            continue
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)


def _letterhead(file: Any, head: Letterhead, width: int) -> None:
    left = width * 40 // 100
    table = file.add_table(rows=2, cols=2)
    _set_widths(table, [left, width - left])
    body, motto = table.rows[0].cells
    _line(body.paragraphs[0], head.issued_by.upper(), 12, bold=True, align="center")
    _rule(body, left, 30)
    _line(motto.paragraphs[0], MOTTO[0], 12, bold=True, align="center")
    _line(motto.add_paragraph(), MOTTO[1], 14, bold=True, align="center")
    _rule(motto, width - left, 63)
    number, date = table.rows[1].cells
    _line(number.paragraphs[0], NUMBER, 13, align="center")
    _line(date.paragraphs[0], DATE, 13, italic=True, align="center")


def _rule(cell: Any, cell_width: int, length: int) -> None:
    """A drawn line below the text, as the decree asks for, and not an underline."""
    paragraph = cell.add_paragraph()
    indent = Mm(max(0, (cell_width - 4 - length) // 2))
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = indent
    paragraph.paragraph_format.line_spacing = Pt(3)
    paragraph.paragraph_format.space_after = Pt(6)
    borders, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    paragraph._p.get_or_add_pPr().append(borders)


def _title(file: Any, document: Document, head: Letterhead) -> None:
    first = file.add_paragraph()
    first.paragraph_format.space_before = Pt(14)
    _line(first, document.title, 14, bold=True, align="center")
    for line in head.subtitles:
        _line(file.add_paragraph(), line, 14, bold=True, align="center")
    if document.is_annex:
        to_what = f"(Kèm theo Quyết định số ............. ngày ..... tháng ..... năm 20.... của {head.issued_by})"
        _line(file.add_paragraph(), to_what, 13, italic=True, align="center")
    file.paragraphs[-1].paragraph_format.space_after = Pt(10)


def _block(file: Any, block: Block, width: int) -> None:
    if isinstance(block, Table):
        _table(file, block, width)
        return
    paragraph = file.add_paragraph()
    style = paragraph.paragraph_format
    style.space_before, style.space_after = Pt(6), Pt(4)
    if block.kind == "heading":
        style.keep_with_next = True
        _line(paragraph, block.text, TEXT, bold=True)
    elif block.kind == "note":
        _line(paragraph, block.text, 12, italic=True)
    else:
        style.first_line_indent = Mm(10)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
        paragraph.add_run(without_controls(block.text)).font.size = Pt(TEXT)


def _table(file: Any, block: Table, width: int) -> None:
    table = file.add_table(rows=1, cols=len(block.columns))
    table.style = "Table Grid"
    total = sum(column.width for column in block.columns)
    _set_widths(table, [column.width * width // total for column in block.columns])
    _row_property(table.rows[0], "w:tblHeader")
    for cell, column in zip(table.rows[0].cells, block.columns, strict=True):
        _line(cell.paragraphs[0], column.title, TABLE_TEXT, bold=True, align="center")
        cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
    for values in block.rows:
        _row(table, block, values)
    if block.total is not None:
        row = _row(table, block, block.total, bold=True)
        _join_blanks(row, block.total)


def _row(table: Any, block: Table, values: Sequence[Cell], bold: bool = False) -> Any:
    row = table.add_row()
    _row_property(row, "w:cantSplit")
    for cell, column, value in zip(row.cells, block.columns, values, strict=True):
        _line(cell.paragraphs[0], cell_text(value), TABLE_TEXT, bold=bold, align=column.align)
        cell.paragraphs[0].paragraph_format.space_before = cell.paragraphs[0].paragraph_format.space_after = Pt(2)
        cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
    return row


def _join_blanks(row: Any, values: Sequence[Cell]) -> None:
    """`Cộng` spans the empty cells behind it."""
    last = 0
    while last + 1 < len(values) and values[last + 1] == "":
        last += 1
    if last:
        text = cell_text(values[0])
        joined = row.cells[0].merge(row.cells[last])
        for extra in joined.paragraphs[1:]:
            extra._p.getparent().remove(extra._p)
        for run in joined.paragraphs[0].runs:
            run.text = ""
        _line(joined.paragraphs[0], text, TABLE_TEXT, bold=True, align="center")


def _signatures(file: Any, signers: Sequence[str], width: int) -> None:
    table = file.add_table(rows=1, cols=len(signers))
    _set_widths(table, [width // len(signers)] * len(signers))
    row = table.rows[0]
    row.height, row.height_rule = Mm(28), WD_ROW_HEIGHT_RULE.AT_LEAST
    _row_property(row, "w:cantSplit")
    for cell, signer in zip(row.cells, signers, strict=True):
        cell.paragraphs[0].paragraph_format.space_before = Pt(12)
        _line(cell.paragraphs[0], signer, 13, bold=True, align="center")
        _line(cell.add_paragraph(), "(Ký, ghi rõ họ tên)", 13, italic=True, align="center")


def _line(
    paragraph: Any, text: str, size: int, bold: bool = False, italic: bool = False, align: Align = "left"
) -> None:
    run = paragraph.add_run(without_controls(text))
    run.font.size, run.bold, run.italic = Pt(size), bold, italic
    paragraph.alignment = _ALIGN[align]


def _set_widths(table: Any, widths: Sequence[int]) -> None:
    """Both the grid and every cell: Word reads the one, LibreOffice the other."""
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)


def _row_property(row: Any, name: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(name))


def _fixed(file: Any) -> bytes:
    """The package packed again with fixed dates: the library stamps each part with the clock."""
    raw, packed = io.BytesIO(), io.BytesIO()
    file.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            part.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(part, source.read(name))
    return packed.getvalue()
