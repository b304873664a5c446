"""Commands about return slips: slip, slips."""

from __future__ import annotations

from typing import Annotated

import typer

from thidua.cli.options import Json, print_json


def register(app: typer.Typer) -> None:
    app.command("slip")(slip)
    app.command("slips")(slips)


def slip(
    submission: Annotated[
        str,
        typer.Argument(
            help="Số biên nhận, phần đầu của nó, hoặc đường dẫn trong landing/ / receipt number or landing path"
        ),
    ],
    as_json: Json = False,
) -> None:
    """Phiếu trả lại của một tệp: nội dung để gửi, và bản sao đã đánh dấu / the return slip of a file."""
    from thidua.settings import campaigns_dir, home
    from thidua.slips.write import write_slip

    found = write_slip(home(), campaigns_dir(), submission)
    if as_json:
        print_json(
            {
                "submission_id": found.submission_id,
                "workbook": str(found.workbook),
                "text_file": str(found.text),
                "text": found.read_text(),
            }
            if found
            else None
        )
    elif found is None:
        typer.echo("Tệp không có lỗi, không cần phiếu / nothing is wrong with this file, it needs no slip")
    else:
        typer.echo(found.read_text())
        typer.echo(f"Bản sao đã đánh dấu / marked copy: {found.workbook}")
        typer.echo(f"Nội dung thư / text: {found.text}")


def slips(as_json: Json = False) -> None:
    """Viết mọi phiếu trả lại còn thiếu / write the slips that are not there yet; a second call writes nothing."""
    from thidua.settings import campaigns_dir, home
    from thidua.slips.write import slips_dir, write_slips

    found = write_slips(home(), campaigns_dir())
    new = [one for one in found if one.is_new]
    if as_json:
        print_json([{"submission_id": one.submission_id, "workbook": str(one.workbook)} for one in new])
        return
    typer.echo(
        f"{len(new)} phiếu mới, {len(found)} phiếu hiện có / slips written, slips in force → {slips_dir(home())}"
    )
