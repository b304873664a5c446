"""The command annex: the documents of a closing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thidua.cli.options import Json, print_json


def register(app: typer.Typer) -> None:
    app.command("annex")(annex)


def annex(
    campaign: Annotated[str, typer.Argument(help="Phong trào / campaign")],
    period: Annotated[str, typer.Argument(help="Kỳ / period")],
    version: Annotated[
        int | None, typer.Option(help="Bản chính thức; mặc định bản mới nhất / official version; none: the latest")
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Theo số liệu tạm tính / from the provisional figures")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Thư mục để ghi / where to write; none: var/annexes/…")] = None,
    as_json: Json = False,
) -> None:
    """Phụ lục, biên bản, thông báo từng đơn vị / the documents of a closing: DOCX, XLSX, PDF where LibreOffice is."""
    from thidua.annexes.pdf import has_office
    from thidua.annexes.result import official, provisional
    from thidua.annexes.write import default_folder, write_annexes
    from thidua.errors import ThiduaError
    from thidua.lake.officials import list_versions
    from thidua.settings import home

    if draft and version is not None:
        raise ThiduaError("chọn một / --draft and --version exclude each other")
    is_official = version is not None or (not draft and bool(list_versions(home(), campaign, period)))
    result = official(home(), campaign, period, version) if is_official else provisional(home(), campaign, period)
    folder = out.absolute() if out else default_folder(home(), result)
    written = write_annexes(result, folder)
    if as_json:
        print_json({"version": result.version, "folder": str(folder), "files": [str(path) for path in written]})
        return
    if not has_office():
        typer.echo("Không có LibreOffice (soffice): không tạo PDF / no LibreOffice here, so no PDF", err=True)
    typer.echo(f"{len(written)} tệp / files ({result.letterhead.mark}): {folder}")
