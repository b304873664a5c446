"""Writes the documents of a closing into a folder: .docx and .xlsx by ourselves, .pdf where LibreOffice is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from thidua.annexes.blocks import Document
from thidua.annexes.documents import documents
from thidua.annexes.minutes import minutes
from thidua.annexes.pdf import convert, has_office
from thidua.annexes.result import Result
from thidua.annexes.sheet_file import write_xlsx
from thidua.annexes.statement import statements
from thidua.annexes.word_file import write_docx
from thidua.files import write_atomic
from thidua.settings import Home


def default_folder(home: Home, result: Result) -> Path:
    campaign, period = result.campaign["campaign_id"], result.period["period_id"]
    return home.path / "annexes" / str(campaign) / str(period) / result.label


def write_annexes(result: Result, folder: Path) -> list[Path]:
    """Every document of the closing, whole files; a second call writes the same .docx and .xlsx again."""
    written = []
    for name, content in _files(result):
        write_atomic(folder / name, content)
        written.append(folder / name)
    if has_office():
        written += _write_pdf([path for path in written if path.suffix == ".docx"])
    return written


def _files(result: Result) -> Iterator[tuple[str, bytes]]:
    """(path below the folder, content). The version is part of each name: a file that is sent on still says it."""
    head = result.letterhead
    for document in [*documents(result), minutes(result), *statements(result)]:
        stem = _stem(document, result)
        yield f"{stem}.docx", write_docx(document, head)
        if document.has_sheets:
            yield f"{stem}.xlsx", write_xlsx(document, head)


def _stem(document: Document, result: Result) -> str:
    below = f"{document.folder}/" if document.folder else ""
    return f"{below}{document.slug}_{result.period['period_id']}_{result.label}"


def _write_pdf(files: list[Path]) -> list[Path]:
    """Made beside the target first, so that a PDF is whole or absent."""
    made = []
    with tempfile.TemporaryDirectory() as temporary:
        for path in convert(files, Path(temporary)):
            source = next(file for file in files if file.stem == path.stem)
            target = source.with_suffix(".pdf")
            write_atomic(target, path.read_bytes())
            made.append(target)
    return made
