"""`make screenshots`: the pictures of docs/, from the real pages over the sample exports of one campaign."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import uvicorn
from fastapi import Request
from playwright.sync_api import Page, sync_playwright
from thidua.clock import day_start
from thidua.desk.access import Role, Visitor
from thidua.desk.app import create_app
from thidua.review.people import Person
from thidua.settings import Home, campaigns_dir, repo_root

from tests.desk.conftest import CAMPAIGN, workbook
from tests.reports.conftest import CLOSING

PICTURES = repo_root() / "docs" / "pictures"
WIDE, PHONE = {"width": 1100, "height": 760}, {"width": 390, "height": 760}
NOW = day_start(CLOSING + timedelta(days=5))


def build_samples(home: Home) -> None:
    """What `make run` has made already is taken; else it is made in a folder of its own."""
    environment = {**os.environ, "THIDUA_HOME": str(home.path)}
    thidua = str(Path(sys.executable).with_name("thidua"))
    for command in (("sample", "--campaign", CAMPAIGN), ("ingest",), ("build",), ("publish",)):
        # 1: files were returned to their offices, as the samples mean it.
        if subprocess.run([thidua, *command], env=environment, stdout=subprocess.DEVNULL).returncode > 1:
            raise SystemExit(f"thidua {command[0]} failed")


@contextmanager
def serving(home: Home) -> Iterator[str]:
    """The pages alone; a cookie says who looks."""

    def visitor(request: Request) -> Visitor:
        role = Role(request.cookies.get("role", "operator"))
        units = frozenset({(CAMPAIGN, "bao-loc")}) if role is Role.OFFICE else frozenset()
        return Visitor("lan" if units else "hoa", role, Person("", None, units), campaigns_dir())

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(home, campaigns_dir(), visitor, lambda: NOW)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def take(page: Page, url: str) -> None:
    def picture(name: str, path: str = "") -> None:
        if path:
            page.goto(url + path)
        page.screenshot(path=PICTURES / f"{name}.png")

    page.set_default_timeout(300_000)
    page.context.add_cookies([{"name": "role", "value": "office", "url": url}])
    picture("hand-in", f"/hand-in?campaign={CAMPAIGN}")
    faulty = workbook([("BHXH thành phố Bảo Lộc", "khoảng 38 nghìn")])
    page.set_input_files('input[type="file"]', {"name": "bao-loc_2023-06-30.xlsx", "mimeType": "x/x", "buffer": faulty})
    page.click("button.primary")
    page.locator(".verdict").wait_for()
    picture("returned")
    picture("office", "/")
    page.context.add_cookies([{"name": "role", "value": "operator", "url": url}])
    picture("home", "/")
    picture("board", f"/board?campaign={CAMPAIGN}")
    picture("work", f"/work?campaign={CAMPAIGN}&waits_for=office")
    page.locator("details.deciding summary").first.click()
    picture("decide")
    picture("ranking", f"/ranking?campaign={CAMPAIGN}&period=q2")
    picture("explanation", f"/ranking/{CAMPAIGN}/q2/bao-loc")
    page.set_viewport_size(PHONE)
    picture("board-phone", f"/board?campaign={CAMPAIGN}")


def main() -> None:
    chromium = shutil.which("chromium") or sys.exit("make screenshots needs chromium: apt-get install chromium")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        build_samples(home)
        with serving(home) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
            take(browser.new_page(viewport=WIDE), url)  # type: ignore[arg-type]
            browser.close()
    print(f"{len(list(PICTURES.glob('*.png')))} pictures → {PICTURES}")


if __name__ == "__main__":
    main()
