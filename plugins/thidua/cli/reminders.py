"""The command remind."""

from __future__ import annotations

from typing import Annotated

import typer

from thidua.cli.options import Json, Now, clock, print_json


def register(app: typer.Typer) -> None:
    app.command("remind")(remind)


def remind(
    campaign: Annotated[str | None, typer.Option(help="Phong trào / campaign")] = None,
    now: Now = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ xem, không ghi gì / show, write nothing")] = False,
    as_json: Json = False,
) -> None:
    """Nhắc đơn vị nộp báo cáo: ghi vào outbox/, gửi thư khi có THIDUA_SMTP_URL / remind offices; exit 1 on a trouble."""
    from thidua.reminders import remind as reminders
    from thidua.reminders.mail import server_of_environment
    from thidua.settings import campaigns_dir, home

    at = clock(now)
    server = None if dry_run else server_of_environment()
    due = reminders.remind(home(), campaigns_dir(), at, campaign, dry_run=dry_run)
    sent, troubles = 0, due.troubles
    if server:
        done = reminders.send(home(), due.drafts, server, at)
        sent, troubles = done.sent, troubles + done.troubles
    new = [one for one in due.reminders if one.is_new]
    if as_json:
        shown = [one.as_record() | {"text": one.text, "is_sent": one.is_sent} for one in due.reminders]
        print_json({"reminders": shown, "sent": sent, "troubles": troubles})
    else:
        for one in new:
            typer.echo(f"{one.text_file}\n\n{one.text}" if dry_run else str(one.text_file))
        written = "sẽ được ghi / would be written" if dry_run else "tin mới / new messages"
        typer.echo(
            f"{len(new)} {written}, {len(due.reminders)} đang có hiệu lực / in force, {sent} thư đã gửi / e-mails sent"
        )
        for trouble in troubles:
            typer.echo(trouble, err=True)
    raise typer.Exit(1 if troubles else 0)
