"""Data Docs for the operator: of each batch and export type the rules as GX judged them, and the faults of its files.

Rendered by GX's own renderer into a page that loads nothing from outside. A page is a view, not a truth: what it shows
stands in the lake, personal values are masked there already, and losing a page loses nothing.
"""

from __future__ import annotations

import html
import logging
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from thidua.clock import LOCAL
from thidua.files import write_atomic
from thidua.intake.contracts import Contract
from thidua.settings import Home

log = logging.getLogger(__name__)

SHOWN_FAULTS = 200
KEPT_BATCHES = 100


def data_docs_dir(home: Home) -> Path:
    return home.path / "data_docs"


def write_data_docs(
    home: Home,
    batch_id: str,
    contract: Contract,
    result: Any,
    faults: list[dict[str, str]],
    fault_count: int,
    files: int,
    now: datetime,
) -> None:
    """One page; `result` is GX's validation result, `faults` the first of `fault_count` faults, masked.

    A page that cannot be made stops nobody's files: it is logged.
    """
    try:
        page = _render(batch_id, contract, result, faults, fault_count, files, now)
    except Exception:
        log.exception("no Data Docs for %s of batch %s", contract.export_type, batch_id)
        return
    folder = data_docs_dir(home) / batch_id
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / f"{contract.export_type}.html", page.encode())


def _render(
    batch_id: str,
    contract: Contract,
    result: Any,
    faults: list[dict[str, str]],
    fault_count: int,
    files: int,
    now: datetime,
) -> str:
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    document = ValidationResultsPageRenderer(run_info_at_end=True).render(result)
    view = DefaultJinjaPageView(custom_views_directory=str(Path(__file__).parent / "views"))
    page: str = view.render(
        document,
        template="data_docs.j2",
        heading=f"{contract.title.vi} / {contract.title.en}",
        batch_id=batch_id,
        judged_at=f"{now.astimezone(LOCAL):%d/%m/%Y %H:%M}",
        files=files,
        faults=faults,
        hidden=fault_count - len(faults),
    )
    return page


def write_index(home: Home) -> None:
    """The newest batches' pages, newest first; older ones are removed."""
    root = data_docs_dir(home)
    if not root.is_dir():
        return
    batches = sorted(
        (path for path in root.iterdir() if path.is_dir()), key=lambda path: (path.stat().st_mtime_ns, path.name)
    )
    for old in batches[:-KEPT_BATCHES]:
        shutil.rmtree(old, ignore_errors=True)
    items = []
    for batch in reversed(batches[-KEPT_BATCHES:]):
        at = datetime.fromtimestamp(batch.stat().st_mtime, LOCAL)
        for page in sorted(batch.glob("*.html")):
            link = html.escape(f"{batch.name}/{page.name}")
            items.append(f'<li>{at:%d/%m/%Y %H:%M} · <a href="{link}">{html.escape(page.stem)}</a></li>')
    body = "\n".join(items) or "<li>-</li>"
    text = (
        '<!DOCTYPE html>\n<html lang="vi"><head><meta charset="utf-8"><title>Data Docs</title></head>'
        '<body style="font: 15px/1.6 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem">'
        f"<h1>Kết quả kiểm tra tệp / validation of files</h1><ul>\n{body}\n</ul></body></html>\n"
    )
    write_atomic(root / "index.html", text.encode())
